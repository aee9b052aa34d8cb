/// A statement that nobody waits for any more is given up, whatever the server does, and where its time went is told.
#include <csignal>
#include <optional>
#include <string>
#include <thread>

#include "database.hpp"

namespace fcgi_worker::pq {
namespace {

struct ALateStatement : DatabaseTest {
    static std::size_t closed_late(const Pool& pool) { return pool.counts().closed_late; }
};

TEST_F(ALateStatement, IsGivenUpAtTheDeadlineOfItsRequest) {
    Pool pool{options(1)};
    const auto took = duration_of([&] {
        Lease lease = pool.acquire(deadline_after(300ms));
        EXPECT_THROW(lease.execute(kSleep, {"9"}), InDoubt);
    });
    EXPECT_GE(took, 300ms);
    EXPECT_LT(took, 5s);
    EXPECT_EQ(closed_late(pool), 1U);
    EXPECT_TRUE(is_full(pool, 1)) << "another connection takes its place";
}

TEST_F(ALateStatement, IsGivenUpWhereTheServerStandsStill) {
    PoolOptions brief = options(1);
    brief.statement_timeout = 200ms;
    brief.lock_timeout = 100ms;
    Pool pool{brief};
    pid_t process = 0;
    const auto took = duration_of([&] {
        Lease lease = borrow(pool);
        process = std::stoi(process_of(lease));
        ASSERT_EQ(kill(process, SIGSTOP), 0);
        EXPECT_THROW(lease.execute(kEcho, {"a", "b"}), InDoubt);
    });
    kill(process, SIGCONT);
    EXPECT_LT(took, 5s);
    EXPECT_EQ(closed_late(pool), 1U);
}

TEST_F(ALateStatement, IsNotSentWhereNoTimeIsLeft) {
    Pool pool{options(1)};
    ASSERT_TRUE(is_full(pool, 1));
    {
        Lease lease = pool.acquire(deadline_after(20ms));
        std::this_thread::sleep_for(30ms);
        try {
            lease.execute(kEcho, {"a", "b"});
            ADD_FAILURE() << "it was sent";
        } catch (const InDoubt&) {
            ADD_FAILURE() << "what was not sent is not in doubt";
        } catch (const Unavailable& unavailable) {
            EXPECT_THAT(unavailable.what(), testing::HasSubstr("its time was over"));
        }
    }
    EXPECT_EQ(pool.counts().idle, 1U) << "the connection is as good as ever";
}

TEST_F(ALateStatement, IsNoneThatEndedInTime) {
    Pool pool{options(1)};
    std::string process;
    {
        Lease lease = pool.acquire(deadline_after(200ms));
        process = process_of(lease);
    }
    std::this_thread::sleep_for(400ms);
    Lease lease = borrow(pool);
    EXPECT_EQ(process_of(lease), process);
    EXPECT_EQ(closed_late(pool), 0U);
}

TEST_F(ALateStatement, IsToldInTheTimeOfItsRequest) {
    Pool pool{options(1)};
    ASSERT_TRUE(is_full(pool, 1));
    TimeSpent spent;
    std::optional<Lease> other{borrow(pool)};
    std::thread returner{[&] {
        comes_true([&] { return pool.counts().waiting == 1; });
        std::this_thread::sleep_for(50ms);
        other.reset();
    }};

    pool.acquire({deadline_after(10s), &spent}).execute(kSleep, {"0.1"});
    returner.join();

    EXPECT_GE(spent.waiting_for_connection, 50ms);
    EXPECT_GE(spent.in_database, 100ms);
    EXPECT_EQ(pool.counts().waits, 1U);
    EXPECT_GE(pool.counts().waited, 50ms);
}

}  // namespace
}  // namespace fcgi_worker::pq
