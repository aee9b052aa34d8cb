/// What the pool does about connections that are lost, and about a database that is away.
#include <future>

#include "database.hpp"
#include "gate.hpp"

/// libpqxx 6.4 forgets libpq's result (2 KB) of a statement that lost its connection, a bug that 7.x has not:
/// github.com/jtv/libpqxx/pull/500. Asked for by the leak sanitizer, if there is one.
extern "C" const char*
__lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
    return "leak:pqxx::connection_base::exec_prepared\nleak:pqxx::connection_base::prepare_now\n";
}

namespace fcgi_worker::pq {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct ALostConnection : DatabaseTest {
    Administrator administrator;
};

TEST_F(ALostConnection, IsReplacedUnnoticedIfItWasIdle) {
    Pool pool{options(1)};
    const std::string lost = [&] {
        Lease lease = borrow(pool);
        return process_of(lease);
    }();

    administrator.end(lost);

    Lease lease = borrow(pool);
    EXPECT_NE(process_of(lease), lost);
    EXPECT_EQ(pool.counts().closed_suspect, 1U);
    EXPECT_EQ(pool.counts().closed_broken, 0U);
}

TEST_F(ALostConnection, IsReplacedWithoutARequestToo) {
    const Pool pool{options(3)};
    ASSERT_TRUE(is_full(pool, 3));

    administrator.end_one_of(name);

    EXPECT_TRUE(comes_true([&] { return pool.counts().opened == 4; }));
    EXPECT_EQ(pool.counts().closed_suspect, 1U);
}

TEST_F(ALostConnection, LeavesItsStatementInDoubt) {
    Pool pool{options(1)};
    {
        Lease lease = borrow(pool);
        const std::string process = process_of(lease);
        std::thread killer{[&] { administrator.end(process); }};

        EXPECT_THROW(lease.execute(kSleep, {"5"}), InDoubt);

        killer.join();
        EXPECT_THROW(lease.execute(kEcho, {"never", "sent"}), Unavailable);
    }
    EXPECT_EQ(pool.counts().closed_broken, 1U);
    EXPECT_NO_THROW(borrow(pool).execute(kEcho, {"a", "b"}));
}

TEST_F(ALostConnection, LeavesItsStatementInDoubtIfItWasLostBetweenTwo) {
    Pool pool{options(1)};
    Lease lease = borrow(pool);

    administrator.end(process_of(lease));

    EXPECT_THROW(lease.execute(kEcho, {"a", "b"}), InDoubt);
}

struct AnAwayDatabase : DatabaseTest {
    Gate gate{server_socket};
    LogBook book;

    [[nodiscard]] PoolOptions options(std::size_t connections) const {
        PoolOptions through_gate = DatabaseTest::options(connections);
        through_gate.dsn += " host=" + gate.directory();
        return through_gate;
    }

    /// How long it takes until a statement is answered.
    static Clock::duration time_to_recover(Pool& pool) {
        return duration_of([&] {
            EXPECT_TRUE(comes_true([&] {
                try {
                    borrow(pool).execute(kEcho, {"a", "b"});
                    return true;
                } catch (const Unavailable&) {
                    return false;
                }
            }));
        });
    }
};

TEST_F(AnAwayDatabase, TurnsRequestsAwayAtOnce) {
    gate.shut();
    Pool pool{options(20)};
    EXPECT_THROW((void)borrow(pool), PoolExhausted);  // May wait for the first attempt.

    EXPECT_LT(duration_of([&] { EXPECT_THROW((void)borrow(pool), PoolExhausted); }), 1s);

    EXPECT_EQ(pool.counts().turned_away_offline, 2U);
}

TEST_F(AnAwayDatabase, IsNotWaitedFor) {
    gate.shut();
    Pool pool{options(20)};

    EXPECT_LT(duration_of([&] { EXPECT_FALSE(pool.wait_until_full(deadline_after(std::chrono::minutes{10}))); }), 20s);
}

TEST_F(AnAwayDatabase, IsWaitedForWhenItIsSoonBack) {
    PoolOptions slow = options(3);
    slow.retry_pause = slow.longest_retry_pause = 1s;  // Its return falls between two attempts.
    gate.shut();
    Pool pool{slow};
    auto is_full = std::async(std::launch::async, [&] { return pool.wait_until_full(deadline_after(20s)); });
    ASSERT_TRUE(comes_true([&] { return pool.counts().failed_attempts >= 1; }));

    gate.open();

    EXPECT_TRUE(is_full.get());
}

TEST_F(AnAwayDatabase, TurnsAwayThoseWhoWaitAlready) {
    Pool pool{options(1)};
    auto lease = std::make_unique<Lease>(borrow(pool));
    Clock::duration waited{};
    std::thread waiter{[&] { waited = duration_of([&] { EXPECT_THROW((void)borrow(pool), PoolExhausted); }); }};
    ASSERT_TRUE(comes_true([&] { return pool.counts().waiting == 1; }));

    gate.shut();
    EXPECT_THROW(lease->execute(kEcho, {"a", "b"}), InDoubt);
    lease.reset();

    waiter.join();
    EXPECT_LT(waited, 5s);  // Of the 10 s it would have had.
}

TEST_F(AnAwayDatabase, IsServedWithinTwoSecondsOfItsReturn) {
    PoolOptions usual = options(20);
    usual.acquire_timeout = 500ms;
    Pool pool{usual};
    ASSERT_TRUE(is_full(pool, 20));
    gate.shut();
    ASSERT_TRUE(comes_true([&] { return pool.counts().failed_attempts >= 6; }));  // The pauses are at their longest.

    gate.open();

    EXPECT_LT(time_to_recover(pool), 2s);
    EXPECT_TRUE(is_full(pool, 20));
}

TEST_F(AnAwayDatabase, IsToldOnceAndItsReturnToo) {
    Pool pool{options(3), book.log()};
    ASSERT_TRUE(is_full(pool, 3));
    ASSERT_THAT(book.lines("database is"), IsEmpty());
    gate.shut();
    ASSERT_TRUE(comes_true([&] { return pool.counts().failed_attempts >= 4; }));
    gate.open();
    ASSERT_TRUE(is_full(pool, 3));

    EXPECT_THAT(book.lines("database is"),
                ElementsAre(AllOf(HasSubstr("warning database is away reason="), HasSubstr(gate.directory())),
                            "info database is back"));
    EXPECT_THAT(book.lines("debug database connection opened"), SizeIs(6));
}

TEST_F(AnAwayDatabase, IsWhatAStatementMakesThatTheServerRefuses) {
    PoolOptions wrong = options(1);
    wrong.statements.push_back({"wrong", "SELEKT 1"});
    Pool pool{wrong, book.log()};

    EXPECT_THROW((void)borrow(pool), PoolExhausted);

    EXPECT_TRUE(comes_true([&] { return !book.lines("database is away").empty(); }));
    EXPECT_THAT(book.lines("database is away"), ElementsAre(HasSubstr("syntax error at or near \"SELEKT\"")));
}

TEST_F(AnAwayDatabase, DoesNotHoldUpTheEnd) {
    gate.shut();
    PoolOptions patient = options(1);
    patient.retry_pause = patient.longest_retry_pause = 60s;
    auto pool = std::make_unique<Pool>(patient);
    ASSERT_TRUE(comes_true([&] { return pool->counts().failed_attempts == 1; }));

    EXPECT_LT(duration_of([&] { pool.reset(); }), 5s);
}

}  // namespace
}  // namespace fcgi_worker::pq
