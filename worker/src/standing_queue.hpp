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
        if (waited <= target_ / kFresh) store(last_fresh_, now);
        if (waited <= target_) return false;
        const bool stands = now < load(stands_until_) || now - std::max(last_free, load(last_fresh_)) > interval_;
        if (stands) store(stands_until_, now + interval_);
        return stands;
    }

private:
    using Moment = std::atomic<Clock::rep>;
    static Clock::time_point load(const Moment& moment) noexcept {
        return Clock::time_point{Clock::duration{moment.load(std::memory_order_relaxed)}};
    }
    static void store(Moment& moment, Clock::time_point time) noexcept {
        moment.store(time.time_since_epoch().count(), std::memory_order_relaxed);
    }

    /// One that waited for a quarter of the target has met no queue.
    static constexpr int kFresh = 4;

    const std::chrono::milliseconds target_;
    const std::chrono::milliseconds interval_;
    Moment last_fresh_ = Clock::now().time_since_epoch().count();
    /// Once it stands, it does until nothing was refused for an interval: kept short, it looks as if it were gone
    /// whenever a few requests less come, and would have another interval to grow each time.
    Moment stands_until_ = Clock::time_point::min().time_since_epoch().count();
};

}  // namespace fcgi_worker
