/// What the library does with a program's log.
///
/// Threads: as the log itself.
#pragma once

#include <utility>

#include <fcgi_worker/log.hpp>

namespace fcgi_worker {

/// For where a program wants none.
inline Log or_nothing(Log log) { return log ? std::move(log) : Log{log_nothing}; }

/// For where memory may have run out: a line that cannot be made is not written. `make` returns the LogEntry.
template <typename Make>
void log_safely(const Log& log, const Make& make) noexcept {
    try {
        log(make());
    } catch (...) {  // what it tells of has been dealt with
    }
}

}  // namespace fcgi_worker
