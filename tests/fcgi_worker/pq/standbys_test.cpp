/// Which statements a standby answers, how old its answers may be, and what happens where it cannot answer.
#include <fcgi_worker/pq/combiner.hpp>

#include <atomic>
#include <csignal>
#include <future>
#include <memory>

#include "gate.hpp"
#include "two_servers.hpp"

namespace fcgi_worker::pq {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Statement kWhere{.name = "where", .sql = "SELECT current_setting('cluster_name')", .may_be_stale = true};
constexpr Statement kWhereAtOnce{"where_at_once", "SELECT current_setting('cluster_name')"};
constexpr Statement kMarks{.name = "marks", .sql = "SELECT count(*) FROM mark", .may_be_stale = true};
constexpr Statement kErase{.name = "erase", .sql = "DELETE FROM mark WHERE false", .may_be_stale = true};
constexpr Statement kTooSlow{.name = "too_slow", .sql = "SELECT pg_sleep(20)", .may_be_stale = true};
/// At a standby it takes long, and holds a lock that the standby's replay may want.
constexpr Statement kInTheWay{.name = "in_the_way",
                              .sql = R"sql(
    SELECT current_setting('cluster_name'), pg_sleep(CASE WHEN pg_is_in_recovery() THEN 20 ELSE 0 END) FROM locked
)sql",
                              .may_be_stale = true};
constexpr Statement kTogether{.name = "together",
                              .sql = R"sql(
    SELECT n, value, current_setting('cluster_name') FROM unnest($1::text[]) WITH ORDINALITY AS member(value, n)
)sql",
                              .may_be_stale = true};

/// A pool with one connection to each server, unless a test says something else.
struct AStandby : testing::Test {
    [[nodiscard]] PoolOptions options(const std::string& hosts, std::size_t connections = 1) const {
        return {.dsn = "user=postgres dbname=postgres application_name=pool host=" + hosts,
                .statements = {kWhere, kWhereAtOnce, kMarks, kErase, kTooSlow, kInTheWay, kTogether},
                .connections = connections,
                .acquire_timeout = 10s,
                .statement_timeout = 10s,
                .standbys = {.connections = connections}};
    }
    [[nodiscard]] static std::string both(const TwoServers& servers) {
        return servers.host(kPrimary) + "," + servers.host(kStandby);
    }

    static Lease borrow(Pool& pool, const Statement& statement) { return pool.acquire(deadline_after(20s), statement); }
    static std::string ask(Pool& pool, const Statement& statement) {
        return std::string{borrow(pool, statement).execute(statement, {}).at(0, 0).value()};
    }
    /// A pool that has just begun knows nothing of its standby, and the primary answers.
    static bool is_answered_by(Pool& pool, const std::string& server) {
        return comes_true([&] { return ask(pool, kWhere) == server; });
    }
};

/// The tests leave both servers as they were.
struct AStandbyInTouch : AStandby {
    static void SetUpTestSuite() { servers = std::make_unique<TwoServers>(); }
    static void TearDownTestSuite() { servers.reset(); }
    static inline std::unique_ptr<TwoServers> servers;

    Superuser primary{*servers, kPrimary};
    Superuser standby{*servers, kStandby};
};

TEST_F(AStandbyInTouch, AnswersWhatMayBeStale) {
    Pool pool{options(both(*servers), 2)};

    EXPECT_TRUE(is_answered_by(pool, kStandby));

    EXPECT_GE(pool.counts().answered_by_standby, 1U);
    EXPECT_TRUE(comes_true([&] { return pool.counts().standby_connections == 2 && pool.counts().idle == 2; }));
}

TEST_F(AStandbyInTouch, AnswersNothingElse) {
    Pool pool{options(both(*servers))};
    ASSERT_TRUE(is_answered_by(pool, kStandby));

    EXPECT_EQ(ask(pool, kWhereAtOnce), kPrimary);
    EXPECT_EQ(pool.acquire(deadline_after(10s)).execute(kWhere, {}).at(0, 0), kPrimary) << "acquire() was not told";
}

TEST_F(AStandbyInTouch, IsNotAskedUnlessThePoolMayHaveConnectionsToIt) {
    PoolOptions without = options(both(*servers));
    without.standbys.connections = 0;
    Pool pool{without};

    EXPECT_EQ(ask(pool, kWhere), kPrimary);
    EXPECT_EQ(pool.counts().passed_on_busy, 0U);
}

TEST_F(AStandbyInTouch, IsLeftByALeaseThatNeedsThePrimary) {
    Pool pool{options(both(*servers))};
    ASSERT_TRUE(is_answered_by(pool, kStandby));
    Lease lease = borrow(pool, kWhere);
    ASSERT_EQ(lease.execute(kWhere, {}).at(0, 0), kStandby);

    EXPECT_EQ(lease.execute(kWhereAtOnce, {}).at(0, 0), kPrimary);

    EXPECT_EQ(lease.execute(kWhere, {}).at(0, 0), kPrimary);
    const std::size_t before = pool.counts().passed_on_busy;
    const Lease other = borrow(pool, kWhere);
    EXPECT_EQ(pool.counts().passed_on_busy, before) << "the connection to the standby is free again";
}

TEST_F(AStandbyInTouch, AnswersInOneRoundTripBetweenTwoLooks) {
    Gate gate{servers->host(kStandby) + "/.s.PGSQL.5432"};
    Pool pool{options(servers->host(kPrimary) + "," + gate.directory())};
    ASSERT_TRUE(is_answered_by(pool, kStandby));

    EXPECT_TRUE(comes_true([&] {
        gate.forget();
        return ask(pool, kWhere) == kStandby && gate.sent() == "BDES";
    }));
}

TEST_F(AStandbyInTouch, AnswersBatches) {
    Pool pool{options(both(*servers))};
    Combiner combiner{pool, kTogether};
    ASSERT_TRUE(is_answered_by(pool, kStandby));

    EXPECT_EQ(combiner.execute({.parameters = {"a"}}, deadline_after(10s)).at(0, 0), kStandby);
}

TEST_F(AStandbyInTouch, RefusesAStatementThatWrites) {
    Pool pool{options(both(*servers))};
    ASSERT_TRUE(is_answered_by(pool, kStandby));

    try {
        borrow(pool, kErase).execute(kErase, {});
        FAIL() << "nothing was thrown";
    } catch (const SqlError& error) {
        EXPECT_EQ(error.sqlstate(), "25006");
        EXPECT_THAT(error.what(), AllOf(HasSubstr("erase: "), HasSubstr("read-only"), HasSubstr("may_be_stale")));
    }
    EXPECT_TRUE(is_answered_by(pool, kStandby)) << "its connection is as good as before";
}

TEST_F(AStandbyInTouch, IsNotWaitedForWhenItsConnectionsAreBusy) {
    Pool pool{options(both(*servers))};
    ASSERT_TRUE(is_answered_by(pool, kStandby));
    const std::size_t before = pool.counts().passed_on_busy;
    const Lease busy = borrow(pool, kWhere);

    EXPECT_EQ(ask(pool, kWhere), kPrimary);

    EXPECT_EQ(pool.counts().passed_on_busy, before + 1);
}

TEST_F(AStandbyInTouch, LeavesItToThePrimaryToRepeatWhatItCancelled) {
    Pool pool{options(both(*servers))};
    ASSERT_TRUE(is_answered_by(pool, kStandby));
    auto answer = std::async(std::launch::async, [&] { return ask(pool, kInTheWay); });
    ASSERT_TRUE(comes_true([&] { return standby.ask(Superuser::kSleepers) == "1"; }));

    primary.run(Superuser::kLock);

    EXPECT_EQ(answer.get(), kPrimary);
    EXPECT_EQ(pool.counts().passed_on_failed, 1U);
    EXPECT_TRUE(is_answered_by(pool, kStandby));
}

TEST_F(AStandbyInTouch, HasNothingRepeatedThatTakesTooLong) {
    PoolOptions hasty = options(both(*servers));
    hasty.statement_timeout = 300ms;
    hasty.lock_timeout = 100ms;
    Pool pool{hasty};
    ASSERT_TRUE(is_answered_by(pool, kStandby));

    EXPECT_THROW(ask(pool, kTooSlow), Unavailable);

    EXPECT_EQ(pool.counts().passed_on_failed, 0U);
}

/// The promise itself: an answer that lacks a mark was begun no later than longest_lag after that was made.
TEST_F(AStandbyInTouch, DoesNotAnswerWhenItIsFurtherBehindThanItMay) {
    PoolOptions patient = options(both(*servers));
    patient.standbys.longest_lag = 3s;
    Pool pool{patient};
    ASSERT_TRUE(is_answered_by(pool, kStandby));
    standby.pause();
    const std::string mark = primary.ask(Superuser::kMark);
    const Clock::time_point made = Clock::now();
    ASSERT_NE(ask(pool, kMarks), mark) << "the standby is paused, and answers all the same for a while";

    Clock::time_point begun;
    EXPECT_TRUE(comes_true([&] {
        const Clock::time_point now = Clock::now();
        if (ask(pool, kMarks) == mark) return true;
        begun = now;
        return false;
    }));

    EXPECT_LE(begun - made, 3s);
    EXPECT_GE(pool.counts().passed_on_behind, 1U);
    standby.run(Superuser::kResume);
    EXPECT_TRUE(is_answered_by(pool, kStandby));
    EXPECT_EQ(ask(pool, kMarks), mark);
}

TEST_F(AStandbyInTouch, IsGivenUpWhenItStandsStill) {
    PoolOptions hasty = options(both(*servers));
    hasty.statement_timeout = 1s;
    hasty.lock_timeout = 500ms;
    Pool pool{hasty};
    ASSERT_TRUE(is_answered_by(pool, kStandby));
    const int process = std::stoi(standby.ask(Superuser::kProcess));

    ::kill(process, SIGSTOP);
    EXPECT_EQ(ask(pool, kWhere), kPrimary);
    ::kill(process, SIGCONT);

    EXPECT_EQ(pool.counts().passed_on_failed, 1U);
    EXPECT_TRUE(is_answered_by(pool, kStandby));
}

TEST_F(AStandbyInTouch, IsNotMissedWhenItStops) {
    Pool pool{options(both(*servers), 3)};
    ASSERT_TRUE(is_answered_by(pool, kStandby));
    std::atomic<bool> enough = false;
    const auto keep_asking = [&] {
        std::size_t answers = 0;
        for (; !enough; ++answers) EXPECT_NO_THROW(ask(pool, kWhere));
        return answers;
    };
    auto one = std::async(std::launch::async, keep_asking);
    auto other = std::async(std::launch::async, keep_asking);

    servers->stop(kStandby);
    EXPECT_TRUE(comes_true([&] { return pool.counts().standby_connections == 0; }));
    EXPECT_EQ(ask(pool, kWhere), kPrimary);
    servers->start(kStandby);

    EXPECT_TRUE(is_answered_by(pool, kStandby));
    enough = true;
    EXPECT_GT(one.get(), 0U);
    EXPECT_GT(other.get(), 0U);
}

TEST_F(AStandbyInTouch, AnswersWithoutAPrimaryForAsLongAsItMay) {
    PoolOptions patient = options(both(*servers));
    patient.standbys.longest_lag = 1min;
    Pool pool{patient};
    ASSERT_TRUE(is_answered_by(pool, kStandby));

    servers->stop(kPrimary);
    EXPECT_TRUE(comes_true([&] { return pool.counts().idle + pool.counts().busy == 0; }));
    EXPECT_EQ(ask(pool, kWhere), kStandby);
    servers->start(kPrimary);
}

TEST_F(AStandbyInTouch, IsNotNeeded) {
    LogBook book;
    Pool pool{options(servers->host(kPrimary)), book.log()};
    ASSERT_TRUE(comes_true([&] { return !book.lines("standby is").empty(); }));

    EXPECT_EQ(ask(pool, kWhere), kPrimary);

    EXPECT_THAT(book.lines("is away"), ElementsAre(HasSubstr("warning standby is away reason=")));
    EXPECT_EQ(pool.counts().standby_connections, 0U);
}

struct AStandbyPromoted : AStandby {
    const TwoServers servers;
};

TEST_F(AStandbyPromoted, AnswersAsThePrimaryThatItIs) {
    LogBook book;
    Pool pool{options(both(servers)), book.log()};
    ASSERT_TRUE(is_answered_by(pool, kStandby));

    servers.stop(kPrimary);
    Superuser{servers, kStandby}.run(Superuser::kPromote);

    EXPECT_TRUE(comes_true([&] {
        try {
            borrow(pool, kErase).execute(kErase, {});
            return pool.counts().standby_connections == 0;
        } catch (const std::exception&) {
            return false;
        }
    }));
    const std::size_t before = pool.counts().answered_by_standby;
    EXPECT_EQ(ask(pool, kWhere), kStandby) << "its name is what it was";
    EXPECT_EQ(pool.counts().answered_by_standby, before);
    EXPECT_THAT(book.lines("standby is back"), IsEmpty());
}

}  // namespace
}  // namespace fcgi_worker::pq
