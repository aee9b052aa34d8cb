/// Waiting for what another thread or process does, with an end.
///
/// Threads: a function of its arguments.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

inline constexpr std::chrono::seconds kPatience{20};  // longer than anything takes, also on a busy machine

/// Looks every millisecond. False where it does not come true in time.
inline bool comes_true(const std::function<bool()>& holds, std::chrono::milliseconds patience = kPatience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return true;
}
