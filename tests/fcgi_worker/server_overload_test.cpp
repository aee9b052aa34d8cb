/// What a server does with requests that have waited: before a thread took them, since the web server got them.
#include <fcgi_worker/server.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>

#include "fastcgi_client.hpp"
#include "running_server.hpp"

namespace fcgi_worker {
namespace {

using fastcgi_client::ask;
using fastcgi_client::Connection;
using fastcgi_client::request;
using fastcgi_client::wall_clock;
using std::chrono::milliseconds;

TEST(Server, DoesNotWorkOnARequestThatWaitedTooLong) {
    std::atomic<int> calls = 0;
    Running running{[&](const Request&) { return ++calls, Response{}; }};
    const auto answer = ask(
        running.path(), request("POST", "/", std::string(100'000, 'x'),
                                {{"REQUEST_START", wall_clock(-std::chrono::seconds{30})}, {"CONTENT_LENGTH", ""}}));
    EXPECT_EQ(answer.status, 413) << "a fault of the client's comes first: a retry would not help";
    const auto shed =
        ask(running.path(), request("GET", "/", {}, {{"REQUEST_START", wall_clock(-std::chrono::seconds{30})}}));
    EXPECT_EQ(shed.status, 503);
    EXPECT_EQ(shed.header("Retry-After"), "1");
    EXPECT_TRUE(shed.is_complete);
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(running.counts().shed_late, 1U);
}

TEST(Server, TakesAnImprobableStartAsNow) {
    Running running{echo};
    for (const milliseconds shift : {milliseconds{3'600'000}, milliseconds{-3'600'000}}) {
        EXPECT_EQ(ask(running.path(), request("GET", "/", {}, {{"REQUEST_START", wall_clock(shift)}})).status, 200);
    }
    EXPECT_EQ(running.counts().skewed_starts, 2U);
    for (const char* start : {"", "now", "1.5", "-1.000", "99999999999999999999.000", "17100000000.123", ".000"}) {
        EXPECT_EQ(ask(running.path(), request("GET", "/", {}, {{"REQUEST_START", start}})).status, 200) << start;
    }
    EXPECT_EQ(running.counts().shed_late, 0U);
}

TEST(Server, CountsTheTimeOfReadingOnce) {
    std::promise<TimeSpent> noted;
    ServerOptions options{.threads = 1};
    options.on_answer = [&](const Request&, const Response&, const TimeSpent& spent) { noted.set_value(spent); };
    Running running{echo, options};
    const std::string bytes = request("POST", "/", "all of it", {{"REQUEST_START", wall_clock(milliseconds{0})}});
    const fastcgi_client::Connection slow{running.path()};
    const Clock::time_point begin = Clock::now();
    slow.send(bytes.substr(0, bytes.size() - 20));
    std::this_thread::sleep_for(milliseconds{200});

    slow.send(bytes.substr(bytes.size() - 20));

    std::future<TimeSpent> spent = noted.get_future();
    ASSERT_EQ(spent.wait_for(kPatience), std::future_status::ready);
    const Clock::duration took = Clock::now() - begin;
    const TimeSpent times = spent.get();
    EXPECT_GE(times.waiting_for_thread, milliseconds{195});  // REQUEST_START has whole milliseconds.
    EXPECT_LE(times.in_all, took + milliseconds{5});
}

/// A thread that is busy with one request for 50 ms longer than the next one waits.
struct ABusyThread : testing::Test {
    static constexpr milliseconds kWork{50};

    /// The answer to a request that came while the only thread was busy.
    fastcgi_client::Answer answer_behind_another(const ServerOptions& options) {
        std::promise<void> entered;
        std::promise<void> sent;
        Running running{[&](const Request& request) {
                            if (request.path != "/first") return Response{};
                            entered.set_value();
                            sent.get_future().wait_for(kPatience);
                            std::this_thread::sleep_for(kWork);
                            return Response{};
                        },
                        options};
        const Connection first{running.path()};
        first.send(request("GET", "/first", {}, {{"REQUEST_START", wall_clock(milliseconds{0})}}));
        entered.get_future().wait_for(kPatience);
        const Connection second{running.path()};
        second.send(request("GET", "/second", {}, {{"REQUEST_START", wall_clock(milliseconds{0})}}));
        sent.set_value();
        auto answer = second.receive_answer();
        (void)first.receive_answer();
        counts = running.counts();
        return answer;
    }

    ServerCounts counts;
};

TEST_F(ABusyThread, RefusesWhatHasWaitedInAQueueThatStands) {
    const auto answer =
        answer_behind_another({.threads = 1, .queue_target = milliseconds{10}, .queue_interval = milliseconds{1}});
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("Retry-After"), "1");
    EXPECT_EQ(counts.shed_queued, 1U);
}

TEST_F(ABusyThread, ServesWhatHasWaitedInAQueueThatPasses) {
    const auto answer = answer_behind_another(
        {.threads = 1, .queue_target = milliseconds{10}, .queue_interval = std::chrono::minutes{1}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(counts.shed_queued, 0U);
}

TEST_F(ABusyThread, IsNoQueueWhereAnotherOneIsFree) {
    const auto answer =
        answer_behind_another({.threads = 2, .queue_target = milliseconds{1}, .queue_interval = milliseconds{1}});
    EXPECT_EQ(answer.status, 200);
}

TEST_F(ABusyThread, IsNoneWhereItHadNothingToDoBefore) {
    Running running{echo, {.threads = 1, .queue_target = milliseconds{10}, .queue_interval = milliseconds{1}}};
    ask(running.path(), request("GET", "/", {}, {{"REQUEST_START", wall_clock(milliseconds{0})}}));
    std::this_thread::sleep_for(kWork);
    const auto late = request("GET", "/", {}, {{"REQUEST_START", wall_clock(milliseconds{-100})}});
    EXPECT_EQ(ask(running.path(), late).status, 200) << "whoever kept it waiting, it was no queue of this server's";
}

TEST_F(ABusyThread, IsNoneBeforeTheStart) {
    const TemporaryFolder folder;
    const std::string path = folder / "s";
    Server server{ListenSocket::open("unix:" + path),
                  echo,
                  {.threads = 1, .queue_target = milliseconds{10}, .queue_interval = kWork}};
    std::this_thread::sleep_for(2 * kWork);
    const Connection early{path};
    early.send(request("GET", "/", {}, {{"REQUEST_START", wall_clock(milliseconds{-100})}}));
    std::thread runner{[&] { server.run(); }};
    EXPECT_EQ(early.receive_answer().status, 200) << "it waited for the start, and not in a queue";
    server.stop();
    runner.join();
}

}  // namespace
}  // namespace fcgi_worker
