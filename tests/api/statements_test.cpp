/// One request is one statement, so one round trip: PostgreSQL itself counts them.
#include <functional>

#include "api_test.hpp"
#include "statement_count.hpp"

namespace api {
namespace {

struct OneStatement : ApiTest {
    StatementCount count;
    long statements_of(const std::function<void()>& requests) { return count.of(requests); }
};

TEST_F(OneStatement, IsWhatEachRequestTakes) {
    const GivenTodo todo = given_todo();
    const Headers key{{"Idempotency-Key", todo.id}};

    EXPECT_EQ(1, statements_of([&] { get(kTodos); }));
    EXPECT_EQ(1, statements_of([&] { get("/v1/todos?sort=order&completed=false&limit=3"); }));
    EXPECT_EQ(1, statements_of([&] { get(todo.path); }));
    EXPECT_EQ(1, statements_of([&] { head(todo.path); }));
    EXPECT_EQ(1, statements_of([&] { get(kNobody); }));
    EXPECT_EQ(1, statements_of([&] { post(kTodos, R"({"title":"b"})"); }));
    EXPECT_EQ(1, statements_of([&] { post(kTodos, R"({"title":"b"})", key); }));
    EXPECT_EQ(1, statements_of([&] { post(kTodos, R"({"title":"b"})", key); }));
    EXPECT_EQ(1, statements_of([&] { put(todo.path, R"({"title":"b"})"); }));
    EXPECT_EQ(1, statements_of([&] { patch(todo.path, R"({"title":"c"})", {{"If-Match", todo.etag}}); }));
    EXPECT_EQ(1, statements_of([&] { patch(todo.path, R"({"completed":true})"); }));
    EXPECT_EQ(1, statements_of([&] { remove(todo.path); }));
    EXPECT_EQ(1, statements_of([&] { remove(kTodos); }));
}

TEST_F(OneStatement, IsMoreThanARefusedRequestTakes) {
    EXPECT_EQ(0, statements_of([&] { post(kTodos, "{}"); }));
    EXPECT_EQ(0, statements_of([&] { get("/v1/todos?limit=0"); }));
    EXPECT_EQ(0, statements_of([&] { get("/v1/todos/7"); }));
    EXPECT_EQ(0, statements_of([&] { put(kTodos, "{}"); }));
}

TEST_F(OneStatement, IsWhatAHundredRequestsTakeEach) {
    EXPECT_EQ(100, statements_of([&] {
                  for (int i = 0; i < 100; ++i) get(kTodos);
              }));
}

}  // namespace
}  // namespace api
