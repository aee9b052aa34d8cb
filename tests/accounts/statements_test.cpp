/// A token costs no round trip: PostgreSQL itself counts the statements.
#include <fcgi_worker/pq/pool.hpp>

#include "people.hpp"

namespace api {
namespace {

using fcgi_worker::pq::Statement;

/// Only what requests do. By timers rows of old keys and tombstones are removed, and it is asked who is blocked.
constexpr Statement kCount{"count", R"sql(
    SELECT COALESCE(sum(calls), 0)::bigint
      FROM pg_stat_statements
     WHERE userid = 'todo_worker'::regrole AND query NOT LIKE '%SKIP LOCKED%' AND query NOT LIKE '%FROM revocation%'
)sql"};

struct StatementsOfWhoIsSignedIn : testing::Test {
    static constexpr std::chrono::milliseconds kPatience{10'000};
    fcgi_worker::pq::Pool pool{
        {.dsn = stack::setting("ADMIN_DSN"), .statements = {kCount}, .connections = 1, .acquire_timeout = kPatience}};

    long statements() {
        const auto rows = pool.acquire(fcgi_worker::deadline_after(kPatience)).execute(kCount, {});
        return std::stol(std::string{rows.at(0, 0).value()});
    }
    long statements_of(const std::function<Answer()>& request, int status) {
        const long before = statements();
        EXPECT_THAT(request(), Answers(status));
        return statements() - before;
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
    EXPECT_EQ(0, statements_of([] { return get(kTodos); }, 401));
    EXPECT_EQ(0, statements_of([] { return get(kTodos, {{"Authorization", "Bearer a.b.c"}}); }, 401));
}

}  // namespace
}  // namespace api
