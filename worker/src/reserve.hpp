/// Threads that sleep until others are blocked. A thread that waits in the epoll is woken by each event, also where one
/// that is awake would have come to it in a moment; and each such switch costs more than many a request.
///
///     awake:  at most so many at a time, beside those that are blocked
///     asleep: one is woken where half of them are left
///
/// Who is blocked ought to say so, and some cannot: libfcgi waits for a peer that stands still, and a handler may take
/// its time. So one of those that sleep looks out: where nobody has come by for a while, and nobody waits for events,
/// another one is to be awake beside them. After a second it counts as one too many again.
///
/// Threads: each function may be called from any.
/// Errors:  none.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

#include <fcgi_worker/deadline.hpp>

namespace fcgi_worker {

class Reserve {
public:
    /// `idle`: threads that wait for events now.
    Reserve(std::size_t threads, std::size_t awake, const std::atomic<std::size_t>& idle)
        : most_(std::max<std::size_t>(awake, 1)), idle_(idle), awake_(threads) {}

    /// Sleeps where others are enough, until they are not or it is all over. Whoever comes by here has done what it
    /// had.
    void sleep_where_others_are_enough() {
        if (!came_by_.load(std::memory_order_relaxed)) came_by_.store(true, std::memory_order_relaxed);
        if (missing_ > 0) forget_one_that_is_missing();
        if (awake_ <= most_ + missing_) return;
        std::unique_lock lock{mutex_};
        if (is_over_) return;
        // In one step: whoever is blocked meanwhile sees it, or is seen here.
        if (awake_.fetch_sub(1) <= most_ + missing_) {
            ++awake_;
            return;
        }
        ++asleep_;
        sleep(lock);
        --asleep_;
        if (calls_ == 0) {
            ++awake_;
        } else {
            --calls_;  // who called has counted it
        }
    }

    void one_is_blocked() noexcept {
        if (--awake_ >= (most_ + 1) / 2 + missing_) return;
        const std::lock_guard lock{mutex_};
        if (asleep_ <= calls_) return;
        ++calls_;
        ++awake_;
        wanted_.notify_one();
    }
    void one_goes_on() noexcept { ++awake_; }

    /// Nobody sleeps from here on.
    void end() noexcept {
        const std::lock_guard lock{mutex_};
        is_over_ = true;
        wanted_.notify_all();
    }

private:
    /// How long an event may wait where all that are awake stand still; and how often one that sleeps looks.
    static constexpr std::chrono::milliseconds kBetweenLooks{100};
    /// Ten looks: those that still stand still cost the others one of these.
    static constexpr std::chrono::seconds kUntilForgotten{1};

    void sleep(std::unique_lock<std::mutex>& lock) {
        bool has_looked = false;
        bool is_needed = false;
        while (calls_ == 0 && !is_over_ && !is_needed) {
            if (has_lookout_) {
                wanted_.wait(lock);
                continue;
            }
            has_lookout_ = has_looked = true;
            came_by_ = false;
            const bool is_time = wanted_.wait_for(lock, kBetweenLooks) == std::cv_status::timeout;
            has_lookout_ = false;
            if (!is_time) continue;
            is_needed = idle_ == 0 && !came_by_;
            if (!is_needed) continue;
            ++missing_;
            last_change_ = Clock::now();
        }
        if (has_looked && asleep_ > 1) wanted_.notify_one();  // to look out from here on
    }

    void forget_one_that_is_missing() {
        const std::unique_lock lock{mutex_, std::try_to_lock};
        if (!lock || missing_ == 0) return;
        const Clock::time_point now = Clock::now();
        if (now - last_change_ < kUntilForgotten) return;
        --missing_;
        last_change_ = now;
    }

    const std::size_t most_;
    const std::atomic<std::size_t>& idle_;
    std::atomic<std::size_t> awake_;        ///< Not asleep and not blocked.
    std::atomic<std::size_t> missing_ = 0;  ///< Of these, as many stand still as far as is known.
    std::atomic<bool> came_by_ = false;     ///< Since the last look.
    std::mutex mutex_;
    std::condition_variable wanted_;
    Clock::time_point last_change_;  ///< Of missing_.
    std::size_t asleep_ = 0;
    std::size_t calls_ = 0;
    bool has_lookout_ = false;
    bool is_over_ = false;
};

}  // namespace fcgi_worker
