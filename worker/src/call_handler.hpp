/// A program's handler is called by a server and a test client, and what goes wrong is said by them and a router alike.
///
/// Threads: functions of their arguments.
/// Errors:  std::bad_alloc alone.
#pragma once

#include <string>
#include <string_view>

#include <fcgi_worker/http.hpp>
#include <fcgi_worker/log.hpp>

namespace fcgi_worker {

/// Its answer; that of a fault of the program where it throws, or answers what cannot be sent.
[[nodiscard]] Response call_handler(const Handler& handler, const Request& request, const Log& log);

/// A line about a request that came to nothing.
void log_failure(const Log& log, LogLevel level, std::string_view message, const Request& request, std::string error);

}  // namespace fcgi_worker
