/// Functions that may wait without holding a thread: each runs on a stack of its own, a fiber, and while it waits its
/// thread runs others. What it waits for makes it ready, and any thread of the loop goes on with it.
///
///     start(task)      runs it on a free fiber at once, until it ends or waits; queued where no fiber is free
///     Parker           what a fiber waits with: see parker.hpp
///     resume_ready()   goes on with those whose wait is over
///
/// A task that blocks its thread blocks nobody else: the other threads go on. It ought to say so before, with
/// a Blocked of parker.hpp: then a thread is woken for those that are ready.
///
/// A task may come out of a wait on another thread. What belongs to a thread (errno, thread_local) has to be asked for
/// anew there; exceptions that are being handled go with the fiber.
///
/// Threads: each function says who may call it.
/// Errors:  the constructor throws std::bad_alloc where there is no memory for the stacks.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include <fcgi_worker/deadline.hpp>

#include "reserve.hpp"

namespace fcgi_worker {

class Fiber;

class Fibers {
public:
    using Task = std::function<void()>;

    /// Both are called from any thread. `wake` makes a thread of the loop come by that has nothing to do; `one_waits`
    /// sees to it that one comes by now and then from here on, for as long as does_one_wait() or is_one_ready(), for
    /// expire().
    Fibers(std::size_t count, std::size_t stack_bytes, Reserve& reserve, std::function<void()> wake,
           std::function<void()> one_waits);

    /// Each task has ended by now.
    ~Fibers();
    Fibers(const Fibers&) = delete;
    Fibers& operator=(const Fibers&) = delete;

    // ---- For threads of the loop, on their own stacks.

    /// The task must not throw.
    void start(Task task);

    /// Until none is ready.
    void resume_ready();

    /// Goes on with one that has let others go first.
    void resume_polite();

    /// Ends the waits that are over by now.
    void expire(Clock::time_point now);

    // ---- For any thread.

    [[nodiscard]] std::size_t at_work() const noexcept { return at_work_; }  ///< Tasks that have not ended.
    [[nodiscard]] bool are_all_at_work() const noexcept { return at_work_ >= count_; }
    [[nodiscard]] std::size_t running_threads() const noexcept { return running_; }
    /// Of these, those that wait: with a Parker, or as a Blocked.
    [[nodiscard]] std::size_t waiting() const noexcept { return parked_ + blocked_; }
    [[nodiscard]] bool does_one_wait() const noexcept { return parked_ > 0; }
    [[nodiscard]] bool is_one_polite() const noexcept { return polite_.size() > 0; }  ///< Has let others go first.
    [[nodiscard]] bool is_one_ready() const noexcept { return ready_.size() > 0 || polite_.size() > 0; }

private:
    friend class Fiber;
    friend class Blocked;

    /// Fibers that wait for a thread, the first one first. Each is in one at most, and linked by itself: there is no
    /// memory to be had for it. push() and pop() want the lock to be held; size() is a look without it.
    class Line {
    public:
        void push(Fiber& fiber) noexcept;
        [[nodiscard]] Fiber* pop() noexcept;  ///< Null where it is empty.
        [[nodiscard]] std::size_t size() const noexcept { return size_; }

    private:
        Fiber* first_ = nullptr;
        Fiber* last_ = nullptr;
        std::atomic<std::size_t> size_ = 0;
    };

    void resume(Fiber& fiber);
    void line_up(Fiber& polite);
    [[nodiscard]] bool takes_a_queued_task(Fiber& fiber);
    [[nodiscard]] Fiber* take(Line& line) noexcept;
    void make_ready(Fiber& fiber) noexcept;

    const std::size_t count_;
    Reserve& reserve_;
    const std::function<void()> wake_;
    const std::function<void()> one_waits_;
    std::vector<std::unique_ptr<Fiber>> fibers_;

    std::mutex mutex_;
    std::vector<Fiber*> idle_;  ///< The last one was used last: its stack is still in the caches.
    std::deque<Task> queued_;   ///< For want of an idle one.
    Line ready_;
    Line polite_;

    std::atomic<std::size_t> at_work_ = 0;  ///< Those that are not idle.
    std::atomic<std::size_t> running_ = 0;
    std::atomic<std::size_t> parked_ = 0;
    std::atomic<std::size_t> blocked_ = 0;
};

}  // namespace fcgi_worker
