/// What a process takes: memory, descriptors, threads.
///
/// Threads: functions without state.
/// Errors:  std::runtime_error for a process that is gone, or not ours to look at.
#pragma once

#include <cstddef>
#include <iosfwd>

namespace api {

struct Footprint {
    std::size_t memory_kib = 0;  ///< Anonymous pages: what was allocated, shared with a child or not; no file's.
    std::size_t descriptors = 0;
    std::size_t threads = 0;

    static Footprint of(int process);
};
std::ostream& operator<<(std::ostream& out, const Footprint& footprint);

}  // namespace api
