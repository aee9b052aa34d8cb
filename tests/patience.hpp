/// Waiting for what another thread or process does, with an end.
///
/// Threads: a function of its arguments.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

/// Looks every millisecond. False where it does not come true in time: by default that of a busy machine.
inline bool comes_true(const std::function<bool()>& holds,
                       std::chrono::milliseconds patience = std::chrono::seconds{20}) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return true;
}
