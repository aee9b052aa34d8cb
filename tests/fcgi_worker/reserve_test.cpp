/// Threads that sleep until others are blocked.
#include "reserve.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include <fcgi_worker/server.hpp>

#include "fastcgi_client.hpp"
#include "parker.hpp"
#include "running_server.hpp"

namespace fcgi_worker {
namespace {

using fastcgi_client::Connection;
using fastcgi_client::request;

/// Threads that do nothing but sleep where others are enough.
class Sleepers {
public:
    /// `idle` of those that are awake wait for events.
    Sleepers(std::size_t threads, std::size_t awake, std::size_t idle = 1)
        : idle_{idle}, reserve{threads, awake, idle_}, left_{threads} {
        for (std::size_t i = 0; i < threads; ++i) {
            threads_.emplace_back([this, is_over = is_over_] {
                reserve.sleep_where_others_are_enough();
                --left_;
                is_over.wait();
            });
        }
    }
    ~Sleepers() {
        reserve.end();
        over_.set_value();
        for (auto& thread : threads_) thread.join();
    }
    Sleepers(const Sleepers&) = delete;
    Sleepers& operator=(const Sleepers&) = delete;

    /// Whether so many sleep in the end.
    [[nodiscard]] bool are_asleep(std::size_t count) {
        return comes_true([&] { return left_ == count; });
    }

private:
    std::atomic<std::size_t> idle_;

public:
    Reserve reserve;

private:
    std::atomic<std::size_t> left_;
    std::promise<void> over_;
    std::shared_future<void> is_over_{over_.get_future().share()};
    std::vector<std::thread> threads_;
};

TEST(Reserve, LetsAllSleepButThoseThatAreToBeAwake) {
    Sleepers sleepers{6, 2};
    EXPECT_TRUE(sleepers.are_asleep(4));
}

TEST(Reserve, WakesOneWhereLessThanHalfAreLeft) {
    Sleepers sleepers{6, 4};
    ASSERT_TRUE(sleepers.are_asleep(2));
    sleepers.reserve.one_is_blocked();
    sleepers.reserve.one_is_blocked();
    EXPECT_TRUE(sleepers.are_asleep(2)) << "half of four are left";
    sleepers.reserve.one_is_blocked();
    EXPECT_TRUE(sleepers.are_asleep(1));
    sleepers.reserve.one_is_blocked();
    EXPECT_TRUE(sleepers.are_asleep(0));
    sleepers.reserve.one_is_blocked();  // nobody is left to be woken
}

TEST(Reserve, LetsThoseGoOnThatAreNotTooMany) {
    const std::atomic<std::size_t> idle = 0;
    Reserve reserve{3, 3, idle};
    reserve.sleep_where_others_are_enough();
    reserve.one_is_blocked();
    reserve.one_goes_on();
    reserve.sleep_where_others_are_enough();
}

TEST(Reserve, WakesOneAfterTheOtherWhereNobodyComesByAndNobodyWaitsForEvents) {
    Sleepers sleepers{6, 2, 0};
    EXPECT_TRUE(sleepers.are_asleep(0));
}

/// All of them have stood still, and are awake in the end; then all come by again and again.
TEST(Reserve, LetsThemSleepAgainWhereAllComeBy) {
    constexpr std::size_t kThreads = 3;
    const std::atomic<std::size_t> idle = 0;
    std::atomic<std::size_t> asleep = 0;
    std::atomic<std::size_t> standing = 0;
    std::atomic<bool> stand_still = true;
    std::atomic<bool> is_over = false;
    Reserve reserve{kThreads, 1, idle};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
            while (!is_over) {
                ++asleep;
                reserve.sleep_where_others_are_enough();
                --asleep;
                ++standing;
                do std::this_thread::sleep_for(std::chrono::milliseconds{1});
                while (stand_still && !is_over);
                --standing;
            }
        });
    }
    EXPECT_TRUE(comes_true([&] { return standing == kThreads; }));
    stand_still = false;
    const auto are_asleep = [&] {
        for (int look = 0; look < 20; ++look) {  // not for a moment
            if (asleep < kThreads - 1) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds{2});
        }
        return true;
    };
    EXPECT_TRUE(comes_true(are_asleep));
    is_over = true;
    reserve.end();
    for (std::thread& thread : threads) thread.join();
}

TEST(Reserve, LetsNobodySleepInTheEnd) {
    Sleepers sleepers{6, 1};
    ASSERT_TRUE(sleepers.are_asleep(5));
    sleepers.reserve.end();
    EXPECT_TRUE(sleepers.are_asleep(0));
}

/// Each of the threads of a server can be blocked, and the last one still serves, however few are to be awake.
class Awake : public testing::TestWithParam<std::size_t> {};

TEST_P(Awake, AreAsManyAsAreNeededWhileOthersAreBlocked) {
    constexpr std::size_t kThreads = 6;
    std::atomic<std::size_t> blocked = 0;
    std::promise<void> release;
    const std::shared_future<void> released = release.get_future().share();
    Running running{[&](const Request& r) {
                        if (r.path == "/block") {
                            const Blocked here;
                            ++blocked;
                            released.wait_for(kPatience);
                        }
                        return Response{200, {}, r.path};
                    },
                    {.threads = kThreads, .awake_threads = GetParam()}};
    std::list<Connection> held;
    for (std::size_t i = 0; i + 1 < kThreads; ++i) {
        held.emplace_back(running.path()).send(request("GET", "/block"));
        ASSERT_TRUE(comes_true([&] { return blocked == i + 1; })) << i;
    }
    EXPECT_EQ(fastcgi_client::ask(running.path(), request("GET", "/free")).body, "/free");
    release.set_value();
    for (const Connection& connection : held) EXPECT_EQ(connection.receive_answer().body, "/block");
}

INSTANTIATE_TEST_SUITE_P(Server, Awake, testing::Values(0, 1, 2, 3, 6, 9), testing::PrintToStringParamName{});

}  // namespace
}  // namespace fcgi_worker
