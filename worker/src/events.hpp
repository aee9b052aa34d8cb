/// Descriptors that become readable without a peer: because somebody says so, or because it is time.
///
/// Threads: notify() and set_timer() may be called from any thread.
/// Errors:  opened() and what makes a descriptor throw std::system_error; the others do not fail.
#pragma once

#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>

#include "descriptor.hpp"

namespace fcgi_worker {

inline Descriptor opened(int descriptor, const char* what) {
    if (descriptor < 0) throw std::system_error{errno, std::generic_category(), what};
    return Descriptor{descriptor};
}
inline Descriptor make_eventfd() { return opened(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "cannot make an eventfd"); }
inline Descriptor make_timer() {
    return opened(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "cannot make a timer");
}

inline void notify(const Descriptor& eventfd) noexcept {
    const std::uint64_t once = 1;
    [[maybe_unused]] const ssize_t written =
        write(eventfd.get(), &once, sizeof once);  // a full counter is readable too
}

inline void set_timer(const Descriptor& timer, std::chrono::milliseconds after, std::chrono::milliseconds every = {}) {
    const auto split = [](std::chrono::milliseconds time) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
        return timespec{seconds.count(), std::chrono::nanoseconds{time - seconds}.count()};
    };
    const itimerspec when{split(every), split(after)};
    timerfd_settime(timer.get(), 0, &when, nullptr);
}

inline void clear(const Descriptor& timer) {
    std::uint64_t times = 0;
    [[maybe_unused]] const ssize_t taken = read(timer.get(), &times, sizeof times);
}

}  // namespace fcgi_worker
