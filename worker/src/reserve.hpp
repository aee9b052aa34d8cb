/// Threads that sleep until others are blocked. A thread that waits in the epoll is woken by each event, also where one
/// that is awake would have come to it in a moment; and each such switch costs more than many a request.
///
///     awake:  at most so many at a time, beside those that are blocked
///     asleep: one is woken where half of them are left
///
/// Threads: each function may be called from any.
/// Errors:  none.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace fcgi_worker {

class Reserve {
public:
    Reserve(std::size_t threads, std::size_t awake) : most_(std::max<std::size_t>(awake, 1)), awake_(threads) {}

    /// Sleeps where others are enough, until they are not or it is all over.
    void sleep_where_others_are_enough() {
        if (awake_ <= most_) return;
        std::unique_lock lock{mutex_};
        if (is_over_) return;
        if (awake_.fetch_sub(1) <= most_) {  // in one step: whoever is blocked meanwhile sees it, or is seen here
            ++awake_;
            return;
        }
        ++asleep_;
        wanted_.wait(lock, [this] { return calls_ > 0 || is_over_; });
        --asleep_;
        if (calls_ == 0) {
            ++awake_;
        } else {
            --calls_;  // who called has counted it
        }
    }

    void one_is_blocked() noexcept {
        if (--awake_ >= (most_ + 1) / 2) return;
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
    const std::size_t most_;
    std::atomic<std::size_t> awake_;  ///< Not asleep and not blocked.
    std::mutex mutex_;
    std::condition_variable wanted_;
    std::size_t asleep_ = 0;
    std::size_t calls_ = 0;
    bool is_over_ = false;
};

}  // namespace fcgi_worker
