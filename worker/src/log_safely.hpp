/// A line of the log for where memory may have run out: one that cannot be made is not written.
///
/// Threads: as the log itself.
#pragma once

#include <fcgi_worker/log.hpp>

namespace fcgi_worker {

/// `make` returns the LogEntry.
template <typename Make>
void log_safely(const Log& log, const Make& make) noexcept {
    try {
        log(make());
    } catch (...) {  // what it tells of has been dealt with
    }
}

}  // namespace fcgi_worker
