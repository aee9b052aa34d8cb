/// Tasks that wait without a thread: their order, their time, their exceptions, their stacks.
#include "fibers.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../patience.hpp"
#include "parker.hpp"

namespace fcgi_worker {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kStackBytes = 256 * kKiB;

/// As a loop has them that has no threads asleep.
struct LoopFibers {
    std::atomic<std::size_t> idle_threads = 0;
    Reserve reserve{1, 1, idle_threads};
    Fibers fibers;

    LoopFibers(
        std::size_t count, std::function<void()> wake, std::function<void()> one_waits = [] {})
        : fibers(count, kStackBytes, reserve, std::move(wake), std::move(one_waits)) {}
};

/// Waits once, on the stack that wait() is called on.
struct Waiter {
    Deadline latest = Deadline::max();
    Parker* parker = nullptr;
    std::optional<bool> is_posted = {};  ///< None until the wait is over.

    void wait() {
        Parker mine;
        parker = &mine;
        is_posted = mine.park_until(latest);
    }
};

/// Their loop is the test: it says when they go on.
struct TwoFibers : testing::Test {
    std::atomic<int> wakes = 0;
    int waits = 0;
    LoopFibers made{2, [this] { ++wakes; }, [this] { ++waits; }};
    Fibers& fibers = made.fibers;

    void start(Waiter& waiter) {
        fibers.start([&waiter] { waiter.wait(); });
    }
    void go_on_with(const Waiter& waiter, bool is_elsewhere = false) {
        waiter.parker->unpark();
        if (!is_elsewhere) return fibers.resume_ready();
        std::thread{[this] { fibers.resume_ready(); }}.join();
    }
};

// ---- Tasks

TEST_F(TwoFibers, RunATaskToItsEndAtOnce) {
    bool has_run = false;
    fibers.start([&] { has_run = fibers.at_work() == 1 && fibers.running_threads() == 1; });
    EXPECT_TRUE(has_run);
    EXPECT_EQ(fibers.at_work(), 0U);
    EXPECT_EQ(fibers.running_threads(), 0U);
}

TEST_F(TwoFibers, GiveTheThreadBackWhileATaskWaits) {
    Waiter waiter;
    start(waiter);
    EXPECT_TRUE(fibers.does_one_wait());
    EXPECT_EQ(waits, 1) << "the loop is told";
    EXPECT_EQ(fibers.at_work(), 1U);
    EXPECT_EQ(fibers.running_threads(), 0U);
    waiter.parker->unpark();
    EXPECT_FALSE(waiter.is_posted) << "it goes on where the loop says so";
    EXPECT_FALSE(fibers.does_one_wait());
    EXPECT_TRUE(fibers.is_one_ready());
    fibers.resume_ready();
    EXPECT_EQ(waiter.is_posted, true);
    EXPECT_EQ(fibers.at_work(), 0U);
}

TEST_F(TwoFibers, LetATaskGoOnOnAnotherThread) {
    Waiter waiter;
    pid_t thread = 0;
    fibers.start([&] { waiter.wait(), thread = gettid(); });
    go_on_with(waiter, true);
    EXPECT_EQ(waiter.is_posted, true);
    EXPECT_NE(thread, gettid());
}

TEST_F(TwoFibers, QueueFurtherTasksAndRunThemInTheirOrder) {
    std::string order;
    std::array<Waiter, 3> waiters;
    start(waiters[0]);
    EXPECT_FALSE(fibers.are_all_at_work());
    start(waiters[1]);
    EXPECT_TRUE(fibers.are_all_at_work());
    fibers.start([&] { order += '3', waiters[2].wait(); });
    for (const char name : {'4', '5'}) fibers.start([&order, name] { order += name; });
    EXPECT_EQ(order, "") << "there is no stack for them";
    EXPECT_EQ(fibers.at_work(), 2U) << "they have not begun";
    go_on_with(waiters[1]);
    EXPECT_EQ(order, "3") << "which waits on the stack that became free";
    EXPECT_TRUE(fibers.are_all_at_work());
    go_on_with(waiters[0]);
    EXPECT_EQ(order, "345");
    go_on_with(waiters[2]);
    EXPECT_EQ(fibers.at_work(), 0U);
    EXPECT_FALSE(fibers.does_one_wait());
}

TEST_F(TwoFibers, LetOthersGoFirst) {
    std::string order;
    Waiter waiter;
    fibers.start([&] { waiter.wait(), order += "other "; });
    fibers.start([&] { waiter.parker->unpark(), let_others_go_first(), order += "polite "; });
    EXPECT_TRUE(fibers.is_one_polite());
    EXPECT_EQ(waits, 2) << "the other one may hold this thread for long: another one is to come by";
    EXPECT_FALSE(fibers.does_one_wait()) << "it needs nobody to go on";
    fibers.resume_ready();
    EXPECT_EQ(order, "other ");
    fibers.start([&] { let_others_go_first(), order += "later "; });
    fibers.resume_polite();
    EXPECT_EQ(order, "other polite ") << "one at a time";
    fibers.resume_polite();
    EXPECT_EQ(order, "other polite later ");
    EXPECT_FALSE(fibers.is_one_polite());
}

// ---- Parker

TEST_F(TwoFibers, LoseNoWakeUpThatComesBeforeTheWait) {
    bool is_posted = false;
    fibers.start([&] {
        Parker parker;
        parker.unpark();
        is_posted = parker.park_until(Deadline::max());
    });
    EXPECT_TRUE(is_posted);
    EXPECT_EQ(wakes + waits, 0);
}

TEST_F(TwoFibers, EndAWaitThatIsLateUnlessItIsPostedBeforeItGoesOn) {
    const Deadline latest = Clock::now();
    std::array<Waiter, 2> waiters{Waiter{latest}, Waiter{latest}};
    for (Waiter& waiter : waiters) start(waiter);
    fibers.expire(latest - std::chrono::nanoseconds{1});
    EXPECT_FALSE(fibers.is_one_ready()) << "too early";
    fibers.expire(latest);
    EXPECT_FALSE(fibers.does_one_wait());
    waiters[1].parker->unpark();
    fibers.resume_ready();
    EXPECT_EQ(waiters[0].is_posted, false);
    EXPECT_EQ(waiters[1].is_posted, true);
    EXPECT_EQ(fibers.at_work(), 0U);
}

TEST_F(TwoFibers, LetATaskWaitAgainAfterATimeOut) {
    std::vector<bool> results;
    Parker* parker = nullptr;
    const Deadline later = Clock::now() + std::chrono::hours{1};
    fibers.start([&] {
        Parker mine;
        parker = &mine;
        for (const Deadline latest : {Clock::now(), later}) results.push_back(mine.park_until(latest));
    });
    fibers.expire(Clock::now());
    fibers.resume_ready();
    EXPECT_EQ(results, std::vector{false});
    fibers.expire(later);  // as where the second wait begins while the first one is looked at
    fibers.resume_ready();
    EXPECT_EQ(results, std::vector{false}) << "nobody gives up before it is time";
    parker->unpark();
    fibers.resume_ready();
    EXPECT_EQ(results, (std::vector{false, true}));
}

TEST(AThreadOfItsOwn, SleepsUntilAnotherOneUnparksIt) {
    bool is_said = false;
    Parker parker;
    std::thread other{[&] { is_said = true, parker.unpark(); }};
    EXPECT_TRUE(parker.park_until(deadline_after(kPatience)));
    EXPECT_TRUE(is_said);
    other.join();
}

TEST(AThreadOfItsOwn, SleepsNoLongerThanItWants) {
    Parker parker;
    const Deadline latest = deadline_after(milliseconds{20});
    EXPECT_FALSE(parker.park_until(latest));
    EXPECT_GE(Clock::now(), latest);
    parker.unpark();
    EXPECT_TRUE(parker.park_until(latest)) << "again, and posted although late";
}

// ---- Wake-ups of the loop

TEST_F(TwoFibers, WakeTheLoopWhereSomebodyElseUnparks) {
    LoopFibers others{1, [] { ADD_FAILURE() << "none of them is ready"; }};
    std::array<Waiter, 2> waiters;
    for (Waiter& waiter : waiters) start(waiter);
    EXPECT_EQ(wakes, 0);
    std::thread{[&] { waiters[0].parker->unpark(); }}.join();
    EXPECT_EQ(wakes, 1);
    others.fibers.start([&] { waiters[1].parker->unpark(); });
    EXPECT_EQ(wakes, 2) << "a fiber, and one of another loop";
    fibers.resume_ready();
    for (const Waiter& waiter : waiters) EXPECT_EQ(waiter.is_posted, true);
}

TEST_F(TwoFibers, WakeTheLoopForThoseThatAFiberUnparksOnlyWhereOneBlocks) {
    Waiter waiter;
    start(waiter);
    fibers.start([] { const Blocked blocked; });
    EXPECT_EQ(wakes, 0) << "none is ready";
    fibers.start([&] { waiter.parker->unpark(); });
    EXPECT_EQ(wakes, 0) << "its thread comes to it by itself";
    fibers.start([] { const Blocked blocked; });
    EXPECT_EQ(wakes, 1);
    fibers.resume_ready();
    EXPECT_EQ(waiter.is_posted, true);
    fibers.start([] { const Blocked blocked; });
    EXPECT_EQ(wakes, 1) << "none is left";
}

// ---- Exceptions

/// Waits while it handles an exception. Returns what it throws on then.
std::string handle_across_a_wait(Waiter& waiter, const char* what) {
    EXPECT_EQ(std::current_exception(), nullptr) << "that of another stack";
    try {
        try {
            throw std::runtime_error{what};
        } catch (const std::runtime_error&) {
            const std::exception_ptr handled = std::current_exception();
            waiter.wait();
            EXPECT_EQ(std::current_exception(), handled);
            throw;
        }
    } catch (const std::runtime_error& thrown_on) {
        return thrown_on.what();
    }
}

/// The parameter: whether tasks go on on another thread.
struct HandledException : TwoFibers, testing::WithParamInterface<bool> {};

TEST_P(HandledException, StaysWithItsFiber) {
    std::array<Waiter, 2> waiters;
    std::array<std::string, 2> thrown_on;
    try {
        throw std::logic_error{"of the thread"};
    } catch (const std::logic_error&) {
        const std::exception_ptr handled = std::current_exception();
        fibers.start([&] { thrown_on[0] = handle_across_a_wait(waiters[0], "first"); });
        fibers.start([&] { thrown_on[1] = handle_across_a_wait(waiters[1], "second"); });
        EXPECT_EQ(std::current_exception(), handled);
    }
    EXPECT_EQ(std::current_exception(), nullptr);
    go_on_with(waiters[0], GetParam());  // not the last one first, as those of one stack would end
    EXPECT_EQ(thrown_on[0], "first");
    go_on_with(waiters[1], GetParam());
    EXPECT_EQ(thrown_on[1], "second");
}

TEST_P(HandledException, IsOnItsWayOnItsFiberOnly) {
    Waiter waiter;
    std::vector<int> uncaught;
    const auto count = [&] { uncaught.push_back(std::uncaught_exceptions()); };
    fibers.start([&] {
        try {
            const std::shared_ptr<void> waits_at_the_end{nullptr, [&](void*) { count(), waiter.wait(), count(); }};
            throw std::runtime_error{"on its way"};
        } catch (const std::runtime_error&) {
            count();
        }
    });
    EXPECT_EQ(std::uncaught_exceptions(), 0);
    fibers.start([] { EXPECT_EQ(std::uncaught_exceptions(), 0); });
    go_on_with(waiter, GetParam());
    EXPECT_EQ(uncaught, (std::vector{1, 1, 0}));
}

INSTANTIATE_TEST_SUITE_P(Fibers, HandledException, testing::Bool(),
                         [](const auto& test) { return test.param ? "OnAnotherThread" : "OnTheSameThread"; });

// ---- Many

/// Fibers that hand tokens to each other, each to one that is drawn.
struct HandOvers {
    struct Place {
        std::mutex mutex;
        int tokens = 0;  ///< -1: one waits.
        Parker* waiter = nullptr;
    };
    static constexpr int kCount = 50'000;
    std::counting_semaphore<> wakes{0};
    std::array<Place, 64> places;
    std::atomic<int> count = 0;
    LoopFibers made{places.size(), [this] { wakes.release(); }};

    void take_part(Place& place, unsigned seed) {
        std::minstd_rand random{seed};
        while (take(place, std::chrono::microseconds{random() % 500}), count < kCount) {
            if (random() % 16 == 0) let_others_go_first();
            const bool is_last = ++count == kCount;
            if (!is_last) give(places.at(random() % places.size()));
            if (is_last) std::for_each(places.begin(), places.end(), give);
        }
    }
    static void give(Place& place) {
        Parker* waiter = nullptr;
        {
            const std::lock_guard lock{place.mutex};
            ++place.tokens;
            waiter = std::exchange(place.waiter, nullptr);
        }
        if (waiter != nullptr) waiter->unpark();
    }
    static void take(Place& place, Clock::duration briefly) {
        Parker parker;
        {
            const std::lock_guard lock{place.mutex};
            if (--place.tokens >= 0) return;
            place.waiter = &parker;
        }
        if (!parker.park_until(Clock::now() + briefly)) parker.park();  // that is over as the token comes, now and then
    }
    /// What a thread of a loop does.
    void work(Deadline latest) {
        for (Fibers& fibers = made.fibers; fibers.at_work() > 0 && Clock::now() < latest; fibers.resume_polite()) {
            fibers.resume_ready();
            if (!fibers.is_one_polite()) (void)wakes.try_acquire_for(milliseconds{1});
            fibers.expire(Clock::now());
        }
    }
};

TEST(ManyFibers, OnManyThreadsLoseNothing) {
    auto hand_overs = std::make_unique<HandOvers>();
    unsigned seed = 0;
    for (auto& place : hand_overs->places) {
        hand_overs->made.fibers.start([&, seed = ++seed] { hand_overs->take_part(place, seed); });
    }
    for (std::size_t i = 0; i < 24; ++i) HandOvers::give(hand_overs->places.at(i));
    std::array<std::thread, 4> threads;
    for (std::thread& thread : threads) thread = std::thread{[&] { hand_overs->work(deadline_after(kPatience)); }};
    for (std::thread& thread : threads) thread.join();
    EXPECT_GE(hand_overs->count, HandOvers::kCount);
    EXPECT_EQ(hand_overs->made.fibers.at_work(), 0U);
    if (HasFailure()) (void)hand_overs.release();  // the tasks are still there
}

// ---- Stacks

/// Uses so much of the stack, a little at a time, so that it cannot step over the page behind it.
[[gnu::noinline]] std::size_t descend(std::uintptr_t from, std::size_t bytes) {
    std::array<volatile char, kKiB> part;
    part[0] = 1;
    const auto here = reinterpret_cast<std::uintptr_t>(&part);
    return static_cast<std::size_t>(part[0]) + (from - here < bytes ? descend(from, bytes) : 0);
}
void use_a_stack(std::size_t bytes) {
    LoopFibers made{2, [] {}};
    made.fibers.start([&] { (void)descend(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)), bytes); });
}

TEST(StackDeathTest, HasTheSizeThatWasAskedForAndAnEnd) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer has frames of its own size, and its own way to end a process";
#endif
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    use_a_stack(kStackBytes - 16 * kKiB);
    EXPECT_EXIT(use_a_stack(kStackBytes + kKiB), testing::KilledBySignal(SIGSEGV), "");
}

}  // namespace
}  // namespace fcgi_worker
