/// One line of the log for a request: which of them get one, and what it says.
///
/// Threads: RequestLog may be called from any thread.
/// Errors:  none but for want of memory.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fcgi_worker/http.hpp>
#include <fcgi_worker/log.hpp>
#include <fcgi_worker/server.hpp>

namespace fcgi_worker {

/// The trace id in a `traceparent` header (W3C Trace Context): 32 hexadecimal digits. None where it is malformed.
[[nodiscard]] std::optional<std::string_view> trace_id(std::string_view traceparent);

class RequestLog {
public:
    RequestLog(const ServerOptions& options, const Log& log);

    /// Writes its line: as a warning where it was slow, else as information where it is in the sample, else for
    /// debugging. What the log does not want is not put together.
    void note(const Request& request, const Response& response, const TimeSpent& spent, Clock::time_point now);

private:
    /// In each second the first `sample`, then one of so many.
    [[nodiscard]] bool is_in_sample(Clock::time_point now);

    const std::chrono::milliseconds slow_;
    const std::size_t sample_;
    const LogLevel least_;
    const Log& log_;
    std::atomic<std::int64_t> second_ = 0;
    std::atomic<std::size_t> in_second_ = 0;
};

}  // namespace fcgi_worker
