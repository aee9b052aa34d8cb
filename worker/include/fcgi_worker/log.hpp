/// How the library speaks: it calls a function of yours, and has no logger of its own.
///
/// Threads: the function is called from any thread of the library, at the same time.
/// Errors:  it must not throw.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fcgi_worker {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogEntry {
    LogLevel level;
    std::string_view message;  ///< A constant text, so that equal events can be counted.
    std::vector<std::pair<std::string_view, std::string>> fields;  ///< What differs: name and value.
};

using Log = std::function<void(const LogEntry&)>;

/// Says nothing; for tests and for programs that want no log.
inline void log_nothing(const LogEntry& /*entry*/) {}

}  // namespace fcgi_worker
