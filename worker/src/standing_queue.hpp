/// Tells a queue that stands from one that passes, and with that which requests are refused when too many come.
///
/// A burst makes a queue that is gone in a moment: all of it is served. Where more comes than can be served, the queue
/// stays, and every request waits for as long as it is long, for nothing. Then each one that has waited for more than
/// a target is refused, which costs next to nothing, and the others are served as if there were no more of them. CoDel
/// (RFC 8289) keeps the queues of routers short by the same two numbers.
///
/// Threads: refuses() may be called from any thread.
/// Errors:  none.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

#include <fcgi_worker/deadline.hpp>

namespace fcgi_worker {

class StandingQueue {
public:
    StandingQueue(std::chrono::milliseconds target, std::chrono::milliseconds interval)
        : target_(target), interval_(interval) {}

    /// For a request that a thread takes now, and that waited for so long. `last_free`: when a thread was last seen
    /// with nothing to do.
    [[nodiscard]] bool refuses(Clock::duration waited, Clock::time_point last_free, Clock::time_point now) noexcept {
        if (waited <= target_ / kFresh) last_fresh_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
        if (waited <= target_) return false;
        const Clock::time_point last_fresh{Clock::duration{last_fresh_.load(std::memory_order_relaxed)}};
        return now - std::max(last_free, last_fresh) > interval_;
    }

private:
    /// While requests are refused, those that are served have waited for just less than the target. One that waited
    /// for a quarter of it has met no queue.
    static constexpr int kFresh = 4;

    const std::chrono::milliseconds target_;
    const std::chrono::milliseconds interval_;
    std::atomic<Clock::rep> last_fresh_ = Clock::now().time_since_epoch().count();
};

}  // namespace fcgi_worker
