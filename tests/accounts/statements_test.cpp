/// A token costs no round trip: PostgreSQL itself counts the statements.
#include <functional>

#include "people.hpp"
#include "statement_count.hpp"

namespace api {
namespace {

struct StatementsOfWhoIsSignedIn : testing::Test {
    StatementCount count;
    long statements_of(const std::function<Answer()>& request, int status) {
        return count.of([&] { EXPECT_THAT(request(), Answers(status)); });
    }
};

TEST_F(StatementsOfWhoIsSignedIn, AreOneForEachRequestForTodos) {
    const Headers who = given_visitor().headers();
    const Answer made = post(kTodos, R"({"title":"a"})", who);
    const std::string path = std::string{kTodos} + "/" + text_at(made, "/id");

    EXPECT_EQ(1, statements_of([&] { return get(kTodos, who); }, 200));
    EXPECT_EQ(1, statements_of([&] { return get(path, who); }, 200));
    EXPECT_EQ(1, statements_of([&] { return post(kTodos, R"({"title":"b"})", who); }, 201));
    EXPECT_EQ(1, statements_of([&] { return put(path, R"({"title":"b"})", who); }, 200));
    EXPECT_EQ(1, statements_of([&] { return patch(path, R"({"completed":true})", who); }, 200));
    EXPECT_EQ(1, statements_of([&] { return remove(path, who); }, 204));
    EXPECT_EQ(1, statements_of([&] { return remove(kTodos, who); }, 204));
}

TEST_F(StatementsOfWhoIsSignedIn, AreNoneWhereTheTokenIsNotGood) {
    EXPECT_EQ(0, statements_of([] { return send_as_it_is("GET", kTodos, {}, ""); }, 401));
    EXPECT_EQ(0, statements_of([] { return get(kTodos, {{"Authorization", "Bearer a.b.c"}}); }, 401));
}

}  // namespace
}  // namespace api
