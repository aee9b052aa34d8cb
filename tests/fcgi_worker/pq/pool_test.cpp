/// The pool lends: how many, to whom, in which order, and for how long one waits.
#include <fcgi_worker/pq/pool.hpp>

#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include "database.hpp"

namespace fcgi_worker::pq {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Gt;

struct APool : DatabaseTest {
    Administrator administrator;
};

TEST_F(APool, OpensItsConnectionsByItself) {
    const Pool pool{options(20)};

    ASSERT_TRUE(is_full(pool, 20));

    EXPECT_EQ(administrator.count(name), 20);
    EXPECT_EQ(pool.counts().opened, 20U);
}

TEST_F(APool, OpensThemWhereNobodyListens) {
    const Pool pool{options(2), Log{}};

    EXPECT_TRUE(is_full(pool, 2));
}

TEST_F(APool, SaysWhenItIsFull) {
    Pool pool{options(20)};

    EXPECT_TRUE(pool.wait_until_full(deadline_after(std::chrono::seconds{20})));

    EXPECT_EQ(pool.counts().idle, 20U);
    EXPECT_FALSE(Pool{options(20)}.wait_until_full(Clock::now()));
}

TEST_F(APool, LendsTheConnectionUsedLast) {
    Pool pool{options(3)};
    ASSERT_TRUE(is_full(pool, 3));
    std::string last;
    {
        Lease returned_last = borrow(pool);
        Lease returned_first = borrow(pool);
        last = process_of(returned_last);
    }

    Lease lease = borrow(pool);

    EXPECT_EQ(process_of(lease), last);
}

TEST_F(APool, ServesWaitersInTheOrderTheyCame) {
    Pool pool{options(1)};
    auto lease = std::make_unique<Lease>(borrow(pool));
    std::vector<int> served;
    std::vector<std::thread> waiters;
    for (int place = 0; place < 5; ++place) {
        waiters.emplace_back([&, place] {
            const Lease mine = borrow(pool);
            served.push_back(place);
        });
        ASSERT_TRUE(comes_true([&] { return pool.counts().waiting == waiters.size(); }));
    }

    lease.reset();

    for (std::thread& waiter : waiters) {
        waiter.join();
    }
    EXPECT_THAT(served, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(APool, TurnsAWaiterAwayAtItsDeadline) {
    Pool pool{options(1)};
    const Lease lease = borrow(pool);

    const auto waited = duration_of([&] { EXPECT_THROW((void)pool.acquire(deadline_after(30ms)), PoolExhausted); });

    EXPECT_GE(waited, 30ms);
    EXPECT_LT(waited, 5s);
    EXPECT_EQ(pool.counts().turned_away_late, 1U);
    EXPECT_EQ(pool.counts().waiting, 0U);
}

TEST_F(APool, TurnsAWaiterAwayAfterTheAcquireTimeout) {
    PoolOptions hasty = options(1);
    hasty.acquire_timeout = 30ms;
    Pool pool{hasty};
    ASSERT_TRUE(is_full(pool, 1));
    const Lease lease = borrow(pool);

    EXPECT_LT(duration_of([&] { EXPECT_THROW((void)borrow(pool), PoolExhausted); }), 5s);
}

TEST_F(APool, TurnsAwayAtOnceWhoFindsTooManyWaiting) {
    PoolOptions narrow = options(1);
    narrow.waiters = 1;
    Pool pool{narrow};
    auto lease = std::make_unique<Lease>(borrow(pool));
    std::thread waiter{[&] { EXPECT_NO_THROW((void)borrow(pool)); }};
    ASSERT_TRUE(comes_true([&] { return pool.counts().waiting == 1; }));

    EXPECT_LT(duration_of([&] { EXPECT_THROW((void)borrow(pool), PoolExhausted); }), 5s);

    lease.reset();
    waiter.join();
}

TEST_F(APool, TakesALeaseBackOnceEvenIfItMoved) {
    Pool pool{options(1)};
    {
        Lease first = borrow(pool);
        const Lease second = std::move(first);
        EXPECT_EQ(pool.counts().busy, 1U);
    }

    EXPECT_EQ(pool.counts().busy, 0U);
    EXPECT_EQ(pool.counts().idle, 1U);
}

TEST_F(APool, ReplacesAConnectionAtItsAgeUnnoticed) {
    PoolOptions young = options(1);
    young.lifetime = 1s;
    Pool pool{young};
    const std::string first = [&] {
        Lease lease = borrow(pool);
        return process_of(lease);
    }();

    ASSERT_TRUE(comes_true([&] { return pool.counts().closed_expired == 1; }));

    Lease lease = borrow(pool);
    EXPECT_NE(process_of(lease), first);
}

TEST_F(APool, ReplacesAConnectionThatWasUsedOftenEnough) {
    PoolOptions worn = options(1);
    worn.uses = 2;
    Pool pool{worn};
    const auto next_process = [&] {
        Lease lease = borrow(pool);
        return process_of(lease);
    };

    const std::array processes{next_process(), next_process(), next_process(), next_process(), next_process()};

    EXPECT_EQ(processes[0], processes[1]);
    EXPECT_NE(processes[1], processes[2]);
    EXPECT_EQ(processes[2], processes[3]);
    EXPECT_NE(processes[3], processes[4]);
    EXPECT_EQ(pool.counts().closed_expired, 2U);
}

TEST_F(APool, NeverHasMoreConnectionsThanItMayHave) {
    PoolOptions young = options(5);
    young.lifetime = 1s;
    Pool pool{young};
    std::atomic<bool> stop{false};
    std::vector<std::thread> users;
    users.reserve(12);
    for (int i = 0; i < 12; ++i) {
        users.emplace_back([&] {
            while (!stop) {
                borrow(pool).execute(kEcho, {"a", "b"});
            }
        });
    }

    std::size_t most = 0;
    EXPECT_TRUE(comes_true([&] {
        const PoolCounts counts = pool.counts();
        most = std::max(most, counts.busy + counts.idle);
        return counts.closed_expired >= 10;
    }));

    stop = true;
    for (std::thread& user : users) {
        user.join();
    }
    EXPECT_EQ(most, 5U);
    ASSERT_TRUE(is_full(pool, 5));
    EXPECT_TRUE(comes_true([&] { return administrator.count(name) == 5; }));
}

/// 24 threads, 20 connections, and somebody who ends connections at random.
TEST_F(APool, LosesNoLeaseWhileConnectionsAreKilled) {
    Pool pool{options(20)};
    ASSERT_TRUE(is_full(pool, 20));
    std::atomic<bool> stop{false};
    std::vector<std::size_t> answers(24);
    std::atomic<std::size_t> in_doubt{0};
    std::vector<std::thread> users;
    users.reserve(answers.size());
    for (std::size_t& answered : answers) {
        users.emplace_back([&] {
            while (!stop) {
                try {
                    Lease lease = borrow(pool);
                    EXPECT_EQ(lease.execute(kEcho, {"same", std::nullopt}).at(0, 0), "same");
                    ++answered;
                } catch (const InDoubt&) {
                    ++in_doubt;
                }
            }
        });
    }

    const Deadline end = deadline_after(1s);
    std::size_t killed = 0;
    while (Clock::now() < end) {
        const std::size_t opened = pool.counts().opened;
        if (!administrator.end_one_of(name)) continue;  // a busy machine let the process live on for a while
        ++killed;
        EXPECT_TRUE(comes_true([&] { return pool.counts().opened > opened; }));
    }
    stop = true;
    for (std::thread& user : users) {
        user.join();
    }

    EXPECT_THAT(answers, Each(Gt(0U)));
    EXPECT_TRUE(is_full(pool, 20));
    const PoolCounts counts = pool.counts();
    EXPECT_EQ(counts.busy, 0U);
    EXPECT_EQ(counts.closed_broken, in_doubt);
    EXPECT_EQ(counts.opened - counts.closed_broken - counts.closed_suspect, 20U);
    EXPECT_GT(counts.closed_broken + counts.closed_suspect, 0U);
    EXPECT_LE(counts.closed_broken + counts.closed_suspect, killed);
}

/// The threads of this process that would take a SIGTERM.
std::set<std::string> threads_that_take_sigterm() {
    std::set<std::string> takers;
    for (const auto& thread : std::filesystem::directory_iterator{"/proc/self/task"}) {
        std::ifstream status{thread.path() / "status"};
        for (std::string line; std::getline(status, line);) {
            if (line.rfind("SigBlk:", 0) == 0 &&
                (std::stoull(line.substr(7), nullptr, 16) & (1ULL << (SIGTERM - 1))) == 0) {
                takers.insert(thread.path().filename());
            }
        }
    }
    return takers;
}

TEST_F(APool, LeavesSignalsToTheProgram) {
    const std::set<std::string> before = threads_that_take_sigterm();

    const Pool pool{options(1)};

    EXPECT_EQ(threads_that_take_sigterm(), before);
}

/// Options that no pool takes, by what is wrong with them.
using Mistake = std::function<void(PoolOptions&)>;
struct APoolRefuses : testing::TestWithParam<std::pair<const char*, Mistake>> {};

TEST_P(APoolRefuses, AnOptionOutOfItsRange) {
    PoolOptions options{.dsn = "host=/nowhere", .statements = {kEcho}};
    GetParam().second(options);

    EXPECT_THROW(Pool{options}, std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(
    , APoolRefuses,
    testing::Values(std::pair{"NoConnection", Mistake{[](auto& o) { o.connections = 0; }}},
                    std::pair{"TooManyConnections", Mistake{[](auto& o) { o.connections = 101; }}},
                    std::pair{"NoWaiter", Mistake{[](auto& o) { o.waiters = 0; }}},
                    std::pair{"TooManyWaiters", Mistake{[](auto& o) { o.waiters = 100'001; }}},
                    std::pair{"NoAcquireTimeout", Mistake{[](auto& o) { o.acquire_timeout = 0ms; }}},
                    std::pair{"LongAcquireTimeout", Mistake{[](auto& o) { o.acquire_timeout = 61s; }}},
                    std::pair{"ShortConnectTimeout", Mistake{[](auto& o) { o.connect_timeout = 999ms; }}},
                    std::pair{"NoStatementTimeout", Mistake{[](auto& o) { o.statement_timeout = 0ms; }}},
                    std::pair{"NoLockTimeout", Mistake{[](auto& o) { o.lock_timeout = 0ms; }}},
                    std::pair{"LockTimeoutNotShorter", Mistake{[](auto& o) { o.lock_timeout = o.statement_timeout; }}},
                    std::pair{"ShortLifetime", Mistake{[](auto& o) { o.lifetime = 999ms; }}},
                    std::pair{"LongLifetime", Mistake{[](auto& o) { o.lifetime = 25h; }}},
                    std::pair{"TooManyUses", Mistake{[](auto& o) { o.uses = 1'000'001; }}},
                    std::pair{"NoRetryPause", Mistake{[](auto& o) { o.retry_pause = 0ms; }}},
                    std::pair{"RetryPausesReversed", Mistake{[](auto& o) { o.longest_retry_pause = 49ms; }}},
                    std::pair{"TooManyToStandbys", Mistake{[](auto& o) { o.standbys.connections = 101; }}},
                    std::pair{"ShortLag", Mistake{[](auto& o) { o.standbys.longest_lag = 999ms; }}},
                    std::pair{"LongLag", Mistake{[](auto& o) { o.standbys.longest_lag = 61min; }}},
                    std::pair{"SameNameTwice", Mistake{[](auto& o) {
                                  o.statements = {kEcho, kEcho};
                              }}},
                    std::pair{"UnreadableDsn", Mistake{[](auto& o) { o.dsn = "no such words"; }}},
                    std::pair{"UnknownDsnWord", Mistake{[](auto& o) { o.dsn = "hots=/run"; }}}),
    [](const auto& mistake) { return std::string{mistake.param.first}; });

}  // namespace
}  // namespace fcgi_worker::pq
