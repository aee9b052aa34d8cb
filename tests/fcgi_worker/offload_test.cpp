/// Work on threads of its own: what comes back from it, who waits and who is turned away, and how it ends.
#include <fcgi_worker/offload.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcgi_worker/router.hpp>

#include "fastcgi_client.hpp"
#include "fibers.hpp"
#include "running_server.hpp"

namespace fcgi_worker {
namespace {

using fastcgi_client::ask;
using fastcgi_client::Connection;
using fastcgi_client::request;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

Deadline soon() { return deadline_after(kPatience); }

/// Why it was turned away; or "ran".
template <typename Work>
std::string fate(Offload& offload, Work work, Budget budget) {
    try {
        offload.run(work, budget);
        return "ran";
    } catch (const Unavailable& refusal) {
        return refusal.what();
    }
}

/// One thread, which is busy until it is let go, and room for two that wait.
struct BusyOffload : testing::Test {
    Journal journal;
    std::promise<void> release;
    std::function<void()> last_act = [] {};  ///< Of the one that keeps it busy.
    std::string order;                       ///< Of those that the one thread ran after it.
    std::optional<Offload> made;
    Offload& offload;

    explicit BusyOffload(milliseconds drain_timeout = kPatience)
        : made{std::in_place, OffloadOptions{.waiting = 2, .name = "hashing", .drain_timeout = drain_timeout},
               [this](const LogEntry& entry) { journal.write(entry); }},
          offload{*made} {}
    void SetUp() override {
        ASSERT_TRUE(offload.post([this] { release.get_future().wait_for(kPatience), last_act(); }));
        ASSERT_TRUE(comes_true([this] { return offload.counts().running == 1; }));
    }
    void let_go() { release.set_value(); }
    void note(char name) { order += name; }
    std::future<std::string> given_one_waits(char name) {
        const std::size_t before = offload.counts().waiting;
        auto waiting = std::async(std::launch::async, [this, name] {
            return fate(
                offload, [this, name] { note(name); }, soon());
        });
        EXPECT_TRUE(comes_true([&] { return offload.counts().waiting == before + 1; }));
        return waiting;
    }
    /// It is let go when the end has begun; returns when that is over.
    void end_while_it_is_busy() {
        auto waiting = given_one_waits('w');
        auto ended = std::async(std::launch::async, [this] { made.reset(); });
        EXPECT_EQ(waiting.get(), "hashing: it ends") << "before the one that runs is through";
        EXPECT_EQ(ended.wait_for(milliseconds{0}), std::future_status::timeout);
        let_go();
        ended.get();
    }
};

/// Which takes no time to drain.
struct HastyOffload : BusyOffload {
    HastyOffload() : BusyOffload(milliseconds{0}) {}
};

// ---- What comes back

TEST(Offload, ReturnsWhatTheWorkReturns) {
    Offload offload;
    EXPECT_EQ(offload.run([] { return std::string{"hash"}; }, soon()), "hash");
}

TEST(Offload, RunsWorkThatReturnsNothing) {
    Offload offload;
    bool has_run = false;
    offload.run([&] { has_run = true; }, soon());
    EXPECT_TRUE(has_run);
}

TEST(Offload, ReturnsWhatCanOnlyBeMoved) {
    Offload offload;
    EXPECT_EQ(*offload.run([] { return std::make_unique<int>(7); }, soon()), 7);
}

TEST(Offload, RunsWorkThatCanOnlyBeMoved) {
    Offload offload;
    EXPECT_EQ(offload.run([seven = std::make_unique<int>(7)] { return *seven; }, soon()), 7);
}

TEST(Offload, ThrowsWhatTheWorkThrows) {
    Offload offload;
    const auto fail = []() -> int { throw Problem{422, "too-weak", "Too weak", "Take a longer password."}; };
    EXPECT_THROW(offload.run(fail, soon()), Problem);
    EXPECT_EQ(offload.run([] { return 1; }, soon()), 1) << "its thread goes on";
}

TEST(Offload, RunsWorkOnAThreadOfItsOwn) {
    Offload offload;
    const pid_t thread = offload.run([] { return gettid(); }, soon());
    EXPECT_NE(thread, gettid());
    EXPECT_EQ(offload.run([] { return gettid(); }, soon()), thread);
}

TEST(Offload, RunsAsMuchAtATimeAsItHasThreads) {
    Offload offload{{.threads = 2, .waiting = 0}};
    std::promise<void> met;
    const auto first = std::async(
        std::launch::async, [&] { return offload.run([&] { return met.get_future().wait_for(kPatience); }, soon()); });
    ASSERT_TRUE(comes_true([&] { return offload.counts().running == 1; }));
    offload.run([&] { met.set_value(); }, soon());
}

// ---- Its threads

TEST(Offload, HasThreadsThatAreNicer) {
    Offload offload{{.niceness = 7}};
    const int before = getpriority(PRIO_PROCESS, 0);
    EXPECT_EQ(offload.run([] { return getpriority(PRIO_PROCESS, 0); }, soon()), std::max(before, 7));
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), before) << "and nobody else's";
}

TEST(Offload, HasThreadsThatAreNoLessNiceThanTheirMaker) {
    std::thread{[] {
        setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 12);
        Offload offload{{.niceness = 3}};
        EXPECT_GE(offload.run([] { return getpriority(PRIO_PROCESS, 0); }, soon()), 12);
    }}.join();
}

TEST(Offload, HasThreadsOfItsName) {
    Offload offload{{.name = "fifteen letters"}};
    const auto name = [] {
        std::array<char, 16> text{};
        pthread_getname_np(pthread_self(), text.data(), text.size());
        return std::string{text.data()};
    };
    EXPECT_EQ(offload.run(name, soon()), "fifteen letters");
}

TEST(Offload, HasThreadsThatTakeNoSignal) {
    Offload offload;
    const auto is_blocked = [] {
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        return sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGCHLD) == 1;
    };
    EXPECT_TRUE(offload.run(is_blocked, soon()));
    EXPECT_FALSE(is_blocked());
}

// ---- Who waits, and who is turned away

TEST_F(BusyOffload, ServesThoseThatWaitInTheOrderTheyCame) {
    const auto first = given_one_waits('1');
    ASSERT_TRUE(offload.post([this] { note('2'); }));
    let_go();
    first.wait();
    made.reset();
    EXPECT_EQ(order, "12");
}

TEST_F(BusyOffload, TurnsAwayWhoComesWhenAsManyWaitAsMay) {
    auto first = given_one_waits('1');
    auto second = given_one_waits('2');
    EXPECT_EQ(fate(
                  offload, [this] { note('3'); }, soon()),
              "hashing: too many wait for a thread already");
    EXPECT_FALSE(offload.post([this] { note('4'); }));
    EXPECT_EQ(offload.counts().turned_away_crowded, 2U);
    let_go();
    EXPECT_EQ(first.get() + second.get(), "ranran");
    EXPECT_EQ(order, "12");
}

TEST_F(BusyOffload, HasRoomAgainForThoseWhoseTurnsAreOver) {
    auto first = given_one_waits('1');
    auto second = given_one_waits('2');
    let_go();
    EXPECT_EQ(first.get() + second.get(), "ranran");
    for (const char name : {'3', '4', '5', '6'}) {
        EXPECT_EQ(fate(
                      offload, [&] { note(name); }, soon()),
                  "ran")
            << "each of them comes alone";
    }
    EXPECT_EQ(order, "123456");
}

TEST(Offload, MayHaveNoRoomToWait) {
    Offload offload{{.waiting = 0}};
    const auto ask_for_more = [&] {
        return fate(
            offload, [] {}, soon());
    };
    EXPECT_THAT(offload.run(ask_for_more, soon()), HasSubstr("too many wait"));
    EXPECT_EQ(ask_for_more(), "ran") << "its thread is free at once";
}

TEST_F(BusyOffload, NeverRunsWhatHasNotBegunByItsDeadline) {
    EXPECT_EQ(fate(
                  offload, [this] { note('1'); }, deadline_after(milliseconds{20})),
              "hashing: no thread became free in time");
    EXPECT_EQ(offload.counts().turned_away_late, 1U);
    EXPECT_EQ(offload.counts().waiting, 0U) << "its place is free";
    let_go();
    made.reset();
    EXPECT_EQ(order, "");
}

TEST(Offload, NeverRunsWhatComesAfterItsDeadline) {
    Offload offload;
    bool has_run = false;
    EXPECT_THAT(fate(
                    offload, [&] { has_run = true; }, Clock::now()),
                HasSubstr("in time"));
    EXPECT_FALSE(has_run);
    EXPECT_EQ(offload.counts().turned_away_late, 1U);
}

TEST(Offload, WaitsForWhatHasBegunAlsoBeyondItsDeadline) {
    Offload offload;
    const Deadline deadline = deadline_after(milliseconds{500});  // a busy machine begins later than one thinks
    const auto outlast_it = [&] {
        std::this_thread::sleep_until(deadline + milliseconds{20});
        return 1;
    };
    EXPECT_EQ(offload.run(outlast_it, deadline), 1);
    EXPECT_EQ(offload.counts().turned_away_late, 0U);
}

/// The loop is the test, and looks for nobody who is late.
TEST_F(BusyOffload, NeverRunsWhatIsLateThoughItsRequestHasNotNoticed) {
    const std::atomic<std::size_t> idle_threads = 0;
    Reserve reserve{1, 1, idle_threads};
    Fibers fibers{1, std::size_t{256} * 1024, reserve, [] {}, [] {}};
    const Deadline deadline = deadline_after(milliseconds{20});
    std::string end;
    fibers.start([&] {
        end = fate(
            offload, [this] { note('1'); }, deadline);
    });
    EXPECT_EQ(fibers.running_threads(), 0U) << "it holds no thread";
    std::this_thread::sleep_until(deadline);
    let_go();
    ASSERT_TRUE(comes_true([&] { return fibers.is_one_ready(); }));
    fibers.resume_ready();
    EXPECT_EQ(end, "hashing: no thread became free in time");
    EXPECT_EQ(offload.counts().turned_away_late, 1U);
    EXPECT_EQ(order, "");
}

// ---- Requests of a server

TEST(Offload, HoldsNoThreadOfAServer) {
    Offload offload;
    std::promise<void> release;
    const auto released = release.get_future().share();
    const auto handler = [&](const Request& r) -> Response {
        if (r.path != "/slow") return {200, {}, r.path};
        return {200, {}, offload.run([&] { return released.wait_for(kPatience), r.path; }, r.budget())};
    };
    Running running{handler, {.threads = 1, .requests = 8, .request_budget = kPatience}};
    std::deque<Connection> waiting;
    while (waiting.size() < 4) waiting.emplace_back(running.path()).send(request("GET", "/slow"));
    ASSERT_TRUE(comes_true([&] { return offload.counts().running == 1 && offload.counts().waiting == 3; }));
    EXPECT_TRUE(comes_true([&] { return running.counts().busy_threads == 0; }));

    for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(running.path(), request("GET", "/quick")).body, "/quick");
    release.set_value();
    for (const Connection& connection : waiting) EXPECT_EQ(connection.receive_answer().body, "/slow");
}

TEST_F(BusyOffload, HasItsRequestsAnswered503InTime) {
    Router router;
    router.add("GET", "/slow", [this](const Request& r) -> Response {
        return {200, {}, offload.run([] { return std::string{"ran"}; }, r.budget())};
    });
    const auto handler = [&](const Request& r) { return router.handle(r); };
    Running running{handler, {.threads = 1, .request_budget = milliseconds{100}}};
    EXPECT_EQ(ask(running.path(), request("GET", "/slow")).status, 503);
    let_go();
}

TEST(Offload, ServesManyThreadsAtOnce) {
    constexpr int kThreads = 8;
    constexpr int kEach = 200;
    Offload offload{{.threads = 2, .waiting = kThreads}};
    std::atomic<int> sum = 0;
    {
        std::vector<std::jthread> threads;
        while (threads.size() < kThreads) {
            threads.emplace_back([&] {
                for (int i = 0; i < kEach; ++i) sum += offload.run([i] { return i; }, soon());
            });
        }
    }
    EXPECT_EQ(sum, kThreads * kEach * (kEach - 1) / 2);
    EXPECT_EQ(offload.counts().done, std::size_t{kThreads} * kEach);
}

// ---- post()

TEST_F(BusyOffload, RunsWhatIsPostedWhileWhoPostedItGoesOn) {
    std::promise<void> has_run;
    ASSERT_TRUE(offload.post([&] { has_run.set_value(); }));
    auto end = has_run.get_future();
    EXPECT_EQ(end.wait_for(milliseconds{0}), std::future_status::timeout);
    let_go();
    EXPECT_EQ(end.wait_for(kPatience), std::future_status::ready);
}

TEST_F(BusyOffload, LogsWhatPostedWorkThrows) {
    ASSERT_TRUE(offload.post([] { throw std::runtime_error{"no route to host"}; }));
    ASSERT_TRUE(offload.post([] { throw 7; }));
    let_go();
    made.reset();
    EXPECT_THAT(journal.lines(), ElementsAre("posted work failed to=hashing reason=no route to host",
                                             "posted work failed to=hashing reason=not a std::exception"));
}

TEST(Offload, OutlivesALogThatThrows) {
    Offload offload{{}, [](const LogEntry& /*entry*/) { throw std::bad_alloc{}; }};
    ASSERT_TRUE(offload.post([] { throw std::runtime_error{"no route to host"}; }));
    EXPECT_EQ(offload.run([] { return 1; }, soon()), 1);
}

TEST(Offload, LetsGoOfWhatPostedWorkOwnsBeforeItIsDone) {
    Offload offload;
    OffloadCounts counts;
    std::shared_ptr<void> owned{nullptr, [&](void* /*none*/) { counts = offload.counts(); }};
    ASSERT_TRUE(offload.post([owned = std::move(owned)] {}));
    offload.run([] {}, soon());
    EXPECT_EQ(counts.running, 1U);
    EXPECT_EQ(counts.done, 0U);
}

// ---- Its end

TEST_F(BusyOffload, RunsWhatWasPostedBeforeItEnds) {
    ASSERT_TRUE(offload.post([this] { note('1'); }));
    end_while_it_is_busy();
    EXPECT_EQ(order, "1");
    EXPECT_THAT(journal.lines(), ElementsAre());
}

TEST_F(BusyOffload, RefusesThoseThatWaitAsSoonAsItEnds) {
    end_while_it_is_busy();
    EXPECT_EQ(order, "");
}

TEST_F(HastyOffload, DropsWhatWasPostedAndHasNotBegun) {
    bool is_through = false;
    last_act = [&] { is_through = true; };
    ASSERT_TRUE(offload.post([this] { note('1'); }));
    end_while_it_is_busy();
    EXPECT_TRUE(is_through) << "what runs is waited for";
    EXPECT_EQ(order, "");
    EXPECT_THAT(journal.lines(), ElementsAre("posted work dropped to=hashing count=1"));
}

TEST_F(BusyOffload, TurnsAwayItsOwnWorkWhenItEnds) {
    bool is_posted = true;
    std::string end;
    last_act = [&] {
        is_posted = offload.post([this] { note('1'); }), end = fate(
                                                             offload, [] {}, soon());
    };
    end_while_it_is_busy();
    EXPECT_FALSE(is_posted);
    EXPECT_EQ(end, "hashing: it ends");
    EXPECT_EQ(order, "");
}

// ---- Counts and options

TEST_F(BusyOffload, CountsWhatItDoesAndDid) {
    auto waiting = given_one_waits('1');
    ASSERT_TRUE(offload.post([] { throw std::runtime_error{"no route to host"}; }));
    EXPECT_EQ(offload.counts().running, 1U);
    EXPECT_EQ(offload.counts().waiting, 2U);
    EXPECT_EQ(offload.counts().done, 0U);
    let_go();
    EXPECT_EQ(waiting.get(), "ran");
    EXPECT_THROW(offload.run([] { throw std::runtime_error{"wrong salt"}; }, soon()), std::runtime_error);
    EXPECT_EQ(offload.counts().running, 0U);
    EXPECT_EQ(offload.counts().waiting, 0U);
    EXPECT_EQ(offload.counts().done, 4U);
    EXPECT_EQ(offload.counts().failed, 1U) << "the caller knows of the other one";
}

TEST(Offload, RefusesOptionsOutsideTheirRange) {
    const auto make = [](OffloadOptions options) { const Offload offload{std::move(options)}; };
    EXPECT_THROW(make({.threads = 0}), std::invalid_argument);
    EXPECT_THROW(make({.threads = 65}), std::invalid_argument);
    EXPECT_THROW(make({.waiting = 10'001}), std::invalid_argument);
    EXPECT_THROW(make({.niceness = -1}), std::invalid_argument);
    EXPECT_THROW(make({.niceness = 20}), std::invalid_argument);
    EXPECT_THROW(make({.name = ""}), std::invalid_argument);
    EXPECT_THROW(make({.name = "sixteen letters!"}), std::invalid_argument);
    EXPECT_THROW(make({.drain_timeout = milliseconds{-1}}), std::invalid_argument);
    EXPECT_THROW(make({.drain_timeout = std::chrono::minutes{10} + milliseconds{1}}), std::invalid_argument);
    EXPECT_NO_THROW(make({64, 10'000, 19, "fifteen letters", std::chrono::minutes{10}}));
}

}  // namespace
}  // namespace fcgi_worker
