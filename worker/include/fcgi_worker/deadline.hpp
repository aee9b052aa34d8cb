/// The moment after which nobody waits for an answer any more.
///
/// A request gets its deadline when it arrives and hands it down: to the wait for a connection, to a
/// lock, to a statement. What is waited for always has one.
#pragma once

#include <chrono>

namespace fcgi_worker {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

[[nodiscard]] inline Deadline deadline_after(std::chrono::milliseconds wait) { return Clock::now() + wait; }

}  // namespace fcgi_worker
