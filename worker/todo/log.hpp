/// The log of the process: one JSON object a line on standard error.
///
///     {"time":"2026-01-31T08:15:00.123Z","level":"info","message":"started","threads":24}
///
/// The fields of an entry stand behind its message, as strings or numbers. Their names are constants of the program;
/// none is "time", "level" or "message". A value is cut at 1 KiB, so that a line is one short write and those of
/// several processes do not mix. A line is written before the call returns: whoever reads standard error slowly is
/// waited for.
///
/// Threads: the log may be called from any thread.
/// Errors:  the log does not throw; a line that cannot be written is lost.
#pragma once

#include <string>
#include <string_view>

#include <fcgi_worker/log.hpp>

namespace todo {

/// A log that drops what is below `least`.
[[nodiscard]] fcgi_worker::Log make_log(fcgi_worker::LogLevel least);

/// `text` as a JSON string with its quotes: control characters escaped, what is no UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace todo
