/// What a request waits with for another one: once, until somebody says so or it is time. On a fiber of the server it
/// holds no thread meanwhile (fibers.hpp); elsewhere the thread sleeps.
///
/// Threads: made, waited with and destroyed by one request; unpark() comes from any thread.
/// Errors:  none.
#pragma once

#include <semaphore.h>

#include <atomic>

#include <fcgi_worker/deadline.hpp>

namespace fcgi_worker {

class Fiber;

/// At most one at a time for each request.
class Parker {
public:
    Parker() noexcept;
    Parker(const Parker&) = delete;
    Parker& operator=(const Parker&) = delete;
    ~Parker();

    /// Once. The Parker may be gone as soon as it is called: the one that waits is free to go.
    void unpark() noexcept;

    /// False where nobody has called unpark() by then. Then it may be called again.
    [[nodiscard]] bool park_until(Deadline latest) noexcept;
    void park() noexcept { (void)park_until(Deadline::max()); }

private:
    [[nodiscard]] bool sleep_until(Deadline latest) noexcept;

    Fiber* const fiber_;  ///< Null: a thread that is no server's.
    sem_t semaphore_{};
    std::atomic<bool> is_posted_ = false;  ///< For ThreadSanitizer, which does not know sem_clockwait().
};

/// Waits in a queue for whoever takes the request out of it and unparks it. `leave` leaves the queue, and says whether
/// the request still was in it. False where it has left, for it was time.
template <typename Leave>
[[nodiscard]] bool park_in_queue(Parker& parker, Deadline latest, Leave leave) {
    if (parker.park_until(latest)) return true;
    if (leave()) return false;
    parker.park();  // it was taken a moment ago
    return true;
}

/// Lets each request go first that can do something now. Whoever leads calls it, so that they may join.
void let_others_go_first() noexcept;

/// While it lives, the thread waits for something else than a Parker, and others go on with what there is to do. The
/// request stays on its thread meanwhile.
class Blocked {
public:
    Blocked() noexcept;
    Blocked(const Blocked&) = delete;
    Blocked& operator=(const Blocked&) = delete;
    ~Blocked();

private:
    Fiber* const fiber_;
};

}  // namespace fcgi_worker
