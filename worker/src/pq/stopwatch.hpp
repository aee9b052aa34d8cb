/// Where the time of a request goes, measured while something lives.
///
/// Threads: one at a time.
#pragma once

#include <fcgi_worker/deadline.hpp>

namespace fcgi_worker::pq {

/// Adds the time until its end to one of the fields of a TimeSpent.
class Stopwatch {
public:
    /// Runs from here on. Without an account it measures nothing.
    Stopwatch(TimeSpent* account, Clock::duration TimeSpent::*field)
        : field_(account == nullptr ? nullptr : &(account->*field)) {}
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;
    ~Stopwatch() {
        if (field_ != nullptr) *field_ += Clock::now() - begin_;
    }

private:
    Clock::duration* field_;
    Clock::time_point begin_ = Clock::now();
};

}  // namespace fcgi_worker::pq
