/// One request is one statement, so one round trip: PostgreSQL itself counts them.
#include <fcgi_worker/pq/pool.hpp>

#include "api_test.hpp"

namespace api {
namespace {

using fcgi_worker::pq::Statement;

/// Only what requests do: rows of old keys and tombstones are removed by a timer, whenever it is time.
constexpr Statement kCount{"count", R"sql(
    SELECT COALESCE(sum(calls), 0)::bigint
      FROM pg_stat_statements
     WHERE userid = 'todo_worker'::regrole AND query NOT LIKE '%SKIP LOCKED%'
)sql"};

struct OneStatement : ApiTest {
    fcgi_worker::pq::Pool pool{
        {.dsn = stack::setting("ADMIN_DSN"), .statements = {kCount}, .connections = 1, .acquire_timeout = patience}};
    static constexpr std::chrono::milliseconds patience{10'000};

    long statements() {
        const auto rows = pool.acquire(fcgi_worker::deadline_after(patience)).execute(kCount, {});
        return std::stol(std::string{rows.at(0, 0).value()});
    }
    long statements_of(const std::function<void()>& requests) {
        const long before = statements();
        requests();
        return statements() - before;
    }
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
