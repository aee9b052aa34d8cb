/// The log of the process: one JSON object a line on standard error.
///
///     {"time":"2026-01-31T08:15:00.123Z","level":"info","message":"started","threads":24}
///
/// The fields of an entry stand behind its message, as strings or numbers. Their names are constants of the program;
/// none is "time", "level" or "message". A value is cut at 1 KiB, and all of them further where a line would be longer
/// than PIPE_BUF, so that each is one write and those of several processes do not mix.
///
/// A line waits in a queue until a thread has written it (line_writer.hpp): a log that nobody reads, or that has no
/// room on its disk, holds up no request. It loses lines, counts them, and says so when it can write again:
///
///     {"time":"2026-01-31T08:15:02.123Z","level":"warning","message":"lines of the log were lost","lines":812}
///
/// Threads: the log may be called from any thread.
/// Errors:  the log does not throw; make_log throws std::system_error where there can be no thread.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <fcgi_worker/log.hpp>

namespace todo {

/// A log, and how many of its lines were lost. What waits is written, for a second at most, when the last copy of
/// either goes.
struct LogSink {
    fcgi_worker::Log log;
    std::function<std::size_t()> lines_lost;
};

/// Drops what is below `least`. The descriptor is copied.
[[nodiscard]] LogSink make_log(fcgi_worker::LogLevel least, int descriptor = STDERR_FILENO);

inline constexpr std::size_t kLongestValue = 1024;

/// `text` as a JSON string with its quotes: control characters escaped, what is no UTF-8 replaced by U+FFFD. Cut
/// behind `longest` bytes.
[[nodiscard]] std::string json_string(std::string_view text, std::size_t longest = kLongestValue);

}  // namespace todo
