/// What the crowd does, and when: it comes (the ramp), and then asks at one rate after another.
///
/// All processes work by the same plan and the same clock, so they need no word from each other.
///
/// Threads: immutable once made.
/// Errors:  std::invalid_argument, with a text for whoever wrote the option.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace load {

/// Time since the start that all processes have in common.
using Moment = std::chrono::nanoseconds;

[[nodiscard]] inline double in_seconds(Moment time) { return std::chrono::duration<double>(time).count(); }

struct Phase {
    std::string name;  ///< As it was written.
    double rate = 0;   ///< Requests a second of all users together; 0: they are silent.
    std::chrono::seconds length{60};
    std::uint32_t dropped = 0;  ///< So many connections are cut at its beginning, all at once.

    // Set by Plan.
    Moment begin{0};
    double periods_before = 0;  ///< Of the phases before it: turns that each user has had, the last one in part.
    [[nodiscard]] Moment end() const { return begin + length; }
};

/// RATE:SECONDS, or RATE:SECONDS:drop=USERS.
[[nodiscard]] Phase parse_phase(std::string_view text);

/// Phases beyond the ramp that one run may have: each has counters of its own in memory.
inline constexpr std::size_t kMostPhases = 12;

/// As many as nginx takes at once on a connection (http2_max_concurrent_streams in nginx/tls.conf).
inline constexpr std::uint32_t kMostTogether = 16;

struct Plan {
    std::uint32_t users = 0;
    double ramp_rate = 0;                ///< Users who come each second.
    std::uint32_t steps = 1;             ///< The ramp stops after each of so many equal parts of the users.
    std::chrono::seconds step_pause{0};  ///< How long.
    /// Requests that a user asks at the same moment, on one connection; 1 to kMostTogether. More than one takes HTTP/2.
    std::uint32_t together = 1;
    std::vector<Phase> phases;

    /// When the user who is the n-th to come, 0 the first, comes.
    [[nodiscard]] Moment arrival(std::uint32_t n) const;

    /// When the pause after a step, 1..steps, is over; of step 0: when the first user comes.
    [[nodiscard]] Moment step_end(std::uint32_t step) const;

    /// Sets when all phases begin: the first one follows the last pause. A user's turns go on from one to the next, so
    /// that phases that are shorter than a period do not ask the same users again and again.
    void settle();

    /// When the last request may be sent.
    [[nodiscard]] Moment end() const { return phases.empty() ? step_end(steps) : phases.back().end(); }

    /// From one moment at which a user asks to the next, where the phase is long enough.
    [[nodiscard]] Moment period(const Phase& phase) const;
};

}  // namespace load
