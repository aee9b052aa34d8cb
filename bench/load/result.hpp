/// What was found out, as JSON.
///
/// Threads: pure.
/// Errors:  none is thrown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "board.hpp"
#include "conductor.hpp"

namespace load {

/// What the last second brought.
struct Progress {
    Observation observation;
    std::size_t phase = 0;  ///< 0: the ramp.
    std::uint64_t open = 0;
    std::uint64_t errors = 0;  ///< Since the start.
    double rate = 0;           ///< Answers a second.
    LatencySummary latency;
};

/// A line of the series.
[[nodiscard]] std::string to_json(const Progress& progress, const std::vector<Role>& roles);

/// The whole run.
[[nodiscard]] std::string to_json(const Common& common, const Board& board, const std::vector<Role>& roles,
                                  const Findings& findings);

}  // namespace load
