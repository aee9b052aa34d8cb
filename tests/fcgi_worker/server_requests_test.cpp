/// Requests that wait for something: they hold a stack, and no thread.
#include <fcgi_worker/server.hpp>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <future>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fastcgi_client.hpp"
#include "parker.hpp"
#include "running_server.hpp"

namespace fcgi_worker {
namespace {

using fastcgi_client::ask;
using fastcgi_client::ask_again;
using fastcgi_client::Connection;
using fastcgi_client::keeping;
using fastcgi_client::request;
using std::chrono::milliseconds;

/// Where requests wait until they are let go.
class WaitingRoom {
public:
    /// Whether it was let go in time.
    [[nodiscard]] bool wait(Deadline latest = deadline_after(kPatience)) {
        Parker parker;
        {
            const std::lock_guard lock{mutex_};
            parkers_.push_back(&parker);
        }
        return park_in_queue(parker, latest, [&] {
            const std::lock_guard lock{mutex_};
            return std::erase(parkers_, &parker) > 0;
        });
    }
    void let_go() {
        for (Parker* parker : taken(kAll)) parker->unpark();
    }
    void let_one_go() {
        for (Parker* parker : taken(1)) parker->unpark();
    }
    [[nodiscard]] bool has(std::size_t count) {
        return comes_true([&] {
            const std::lock_guard lock{mutex_};
            return parkers_.size() == count;
        });
    }

private:
    static constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

    std::vector<Parker*> taken(std::size_t most) {
        const std::lock_guard lock{mutex_};
        const auto end = parkers_.begin() + static_cast<std::ptrdiff_t>(std::min(most, parkers_.size()));
        std::vector<Parker*> first{parkers_.begin(), end};
        parkers_.erase(parkers_.begin(), end);
        return first;
    }

    std::mutex mutex_;
    std::vector<Parker*> parkers_;
};

/// What a request for /wait, /briefly (for 100 ms), /let-go or /block (until it is released) gets, and others at once.
struct WaitingRequest : testing::TestWithParam<std::size_t> {
    WaitingRoom room;
    std::atomic<int> calls = 0;
    std::promise<void> release;
    std::atomic<bool> is_blocked = false;

    Response answer(const Request& r) {
        ++calls;
        if (r.path == "/wait") return {200, {}, room.wait() ? "let go" : "late"};
        if (r.path == "/briefly") return {200, {}, room.wait(deadline_after(milliseconds{100})) ? "let go" : "late"};
        if (r.path == "/let-go") room.let_go();
        if (r.path == "/block") {
            const Blocked blocked;
            is_blocked = true;
            release.get_future().wait_for(kPatience);
        }
        return {200, {}, r.path};
    }
    Handler handler() {
        return [this](const Request& r) { return answer(r); };
    }
};

TEST_P(WaitingRequest, HoldsNoThread) {
    Running running{handler(), {.threads = GetParam(), .requests = 8}};
    std::deque<Connection> waiting;
    while (waiting.size() < 6) waiting.emplace_back(running.path()).send(request("GET", "/wait"));
    ASSERT_TRUE(room.has(6));
    EXPECT_EQ(running.counts().at_work, 6U);
    EXPECT_TRUE(comes_true([&] { return running.counts().busy_threads == 0; }));

    EXPECT_EQ(ask(running.path(), request("GET", "/seventh")).body, "/seventh");
    EXPECT_EQ(ask(running.path(), request("GET", "/let-go")).body, "/let-go") << "one request lets the others go";
    for (const Connection& connection : waiting) EXPECT_EQ(connection.receive_answer().body, "let go");
    EXPECT_TRUE(comes_true([&] { return running.counts().at_work == 0; }));
    EXPECT_EQ(running.counts().requests, 8U);
}

TEST_P(WaitingRequest, IsLetGoByAThreadThatIsNotTheServers) {
    Running running{handler(), {.threads = GetParam(), .requests = 8}};
    const Connection waiting{running.path()};
    for (int i = 0; i < 20; ++i) {
        waiting.send(keeping(request("GET", "/wait")));
        ASSERT_TRUE(room.has(1));
        room.let_go();
        EXPECT_EQ(waiting.receive_kept_answer().body, "let go");
    }
}

TEST_P(WaitingRequest, KeepsThoseBeyondTheLimitWaitingUnread) {
    Running running{handler(), {.threads = GetParam(), .requests = 2}};
    const Connection known{running.path()};
    EXPECT_EQ(ask_again(known, "/known"), "/known");
    std::deque<Connection> waiting;
    while (waiting.size() < 2) waiting.emplace_back(running.path()).send(request("GET", "/wait"));
    ASSERT_TRUE(room.has(2));

    const Connection fresh{running.path()};
    known.send(keeping(request("GET", "/third")));
    fresh.send(request("GET", "/fourth"));
    EXPECT_TRUE(comes_true([&] { return running.counts().accepted_connections == 4; }));
    EXPECT_FALSE(comes_true([&] { return calls > 3; }, milliseconds{100})) << "there is no stack for them";
    EXPECT_EQ(running.counts().at_work, 2U);
    EXPECT_EQ(running.counts().busy_threads, 0U);

    room.let_one_go();
    EXPECT_EQ(known.receive_kept_answer().body, "/third");
    EXPECT_EQ(fresh.receive_answer().body, "/fourth");
    EXPECT_EQ(ask_again(known, "/again"), "/again");
    EXPECT_TRUE(comes_true([&] { return running.counts().at_work == 1; }));
    room.let_go();
    for (const Connection& connection : waiting) EXPECT_EQ(connection.receive_answer().body, "let go");
}

TEST_P(WaitingRequest, IsAnsweredInTimeThoughNothingElseHappens) {
    Running running{handler(), {.threads = GetParam()}};
    const Clock::time_point begin = Clock::now();
    EXPECT_EQ(ask(running.path(), request("GET", "/briefly")).body, "late");
    EXPECT_GE(Clock::now() - begin, milliseconds{100});
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds{2});
}

TEST_P(WaitingRequest, IsAnsweredBeforeTheServerStops) {
    Running running{handler(), {.threads = GetParam(), .drain_timeout = milliseconds{50}}};
    const Connection waiting{running.path()};
    waiting.send(request("GET", "/wait"));
    ASSERT_TRUE(room.has(1));
    const auto stopped = std::async(std::launch::async, [&] { running.stop_and_wait(); });
    EXPECT_EQ(stopped.wait_for(milliseconds{200}), std::future_status::timeout)
        << "also when the time to drain is over";
    room.let_go();
    EXPECT_EQ(waiting.receive_answer().body, "let go");
    EXPECT_EQ(stopped.wait_for(kPatience), std::future_status::ready);
    EXPECT_EQ(running.counts().at_work, 0U);
}

/// Time of processors that this process takes in the next 300 ms.
milliseconds time_at_work() {
    const auto used = [] {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return std::chrono::seconds{usage.ru_utime.tv_sec + usage.ru_stime.tv_sec} +
               std::chrono::microseconds{usage.ru_utime.tv_usec + usage.ru_stime.tv_usec};
    };
    const auto before = used();
    std::this_thread::sleep_for(milliseconds{300});
    return std::chrono::duration_cast<milliseconds>(used() - before);
}

TEST_P(WaitingRequest, CostsNoTimeWhenItsClientHangsUp) {
    Running running{handler(), {.threads = GetParam()}};
    auto gone = std::make_unique<Connection>(running.path());
    EXPECT_EQ(ask_again(*gone, "/known"), "/known");  // the server hears of it while it waits
    gone->send(keeping(request("GET", "/wait")));
    ASSERT_TRUE(room.has(1));
    gone.reset();
    EXPECT_LT(time_at_work(), milliseconds{100});
    EXPECT_EQ(ask(running.path(), request("GET", "/other")).body, "/other");
    room.let_go();
    EXPECT_TRUE(comes_true([&] { return running.counts().connections == 0; }));
    EXPECT_TRUE(comes_true([&] { return running.counts().at_work == 0; }));  // The handler returns later.
}

TEST_P(WaitingRequest, CostsNoTimeWhenAClientBehindItHangsUp) {
    Running running{handler(), {.threads = GetParam(), .requests = 1}};
    auto gone = std::make_unique<Connection>(running.path());
    EXPECT_EQ(ask_again(*gone, "/known"), "/known");
    const Connection waiting{running.path()};
    waiting.send(request("GET", "/wait"));
    ASSERT_TRUE(room.has(1));
    gone->send(keeping(request("GET", "/behind")));
    const Connection silent{running.path()};  // seen after it
    ASSERT_TRUE(comes_true([&] { return running.counts().accepted_connections == 3; }));
    gone.reset();
    EXPECT_LT(time_at_work(), milliseconds{100});
    room.let_go();
    EXPECT_EQ(waiting.receive_answer().body, "let go");
    EXPECT_TRUE(comes_true([&] { return running.counts().connections == 1; })) << "the silent one";
}

TEST_P(WaitingRequest, IsFollowedByOneThatCameTooEarly) {
    Running running{handler(), {.threads = GetParam()}};
    const Connection connection{running.path()};
    EXPECT_EQ(ask_again(connection, "/known"), "/known");
    connection.send(keeping(request("GET", "/wait")));
    ASSERT_TRUE(room.has(1));
    connection.send(keeping(request("GET", "/early")));
    EXPECT_LT(time_at_work(), milliseconds{100}) << "nobody asks again and again";
    room.let_go();
    EXPECT_EQ(connection.receive_kept_answer().body, "let go");
    EXPECT_EQ(connection.receive_kept_answer().body, "/early");
    EXPECT_EQ(ask_again(connection, "/again"), "/again");
}

INSTANTIATE_TEST_SUITE_P(Server, WaitingRequest, testing::Values(1, 2), testing::PrintToStringParamName{});

using WaitingRequestOfTwoThreads = WaitingRequest;

TEST_P(WaitingRequestOfTwoThreads, IsAnsweredInTimeWhileAnotherOneBlocksItsThread) {
    Running running{handler(), {.threads = GetParam()}};
    const Connection brief{running.path()};
    brief.send(request("GET", "/briefly"));
    ASSERT_TRUE(room.has(1));
    const Connection blocking{running.path()};
    blocking.send(request("GET", "/block"));
    ASSERT_TRUE(comes_true([this] { return is_blocked.load(); }));

    auto answered = std::async(std::launch::async, [&] { return brief.receive_answer().body; });
    EXPECT_EQ(answered.wait_for(std::chrono::seconds{2}), std::future_status::ready) << "the other thread sleeps";
    release.set_value();
    EXPECT_EQ(answered.get(), "late");
    EXPECT_EQ(blocking.receive_answer().body, "/block");
}

INSTANTIATE_TEST_SUITE_P(Server, WaitingRequestOfTwoThreads, testing::Values(2), testing::PrintToStringParamName{});

TEST(Server, RefusesRequestsAndStacksOutsideTheirRange) {
    const TemporaryFolder folder;
    constexpr std::size_t kKiB = 1024;
    const auto make = [&](const ServerOptions& options) {
        const Server server{ListenSocket::open("unix:" + (folder / "s")), echo, options};
    };
    EXPECT_THROW(make({.requests = 0}), std::invalid_argument);
    EXPECT_THROW(make({.requests = 10'001}), std::invalid_argument);
    EXPECT_THROW(make({.stack_bytes = 64 * kKiB - 1}), std::invalid_argument);
    EXPECT_THROW(make({.stack_bytes = 64 * kKiB * kKiB + 1}), std::invalid_argument);
    EXPECT_NO_THROW(make({.requests = 1, .stack_bytes = 64 * kKiB}));
    EXPECT_NO_THROW(make({.requests = 1, .stack_bytes = 64 * kKiB * kKiB}));
#if !defined(__SANITIZE_THREAD__)  // which takes each stack for a thread, and ends a process with 8,128 of them
    EXPECT_NO_THROW(make({.requests = 10'000, .stack_bytes = 64 * kKiB}));
#endif
}

}  // namespace
}  // namespace fcgi_worker
