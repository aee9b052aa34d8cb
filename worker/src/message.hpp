/// FastCGI's parameters as a Request, and the head of a Response as text. It knows no libfcgi: parameters are what it
/// makes of them, texts of NAME=VALUE with a null pointer behind the last one.
///
/// Threads: functions of their arguments.
/// Errors:  nothing here throws but for want of memory.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <fcgi_worker/http.hpp>
#include <fcgi_worker/problem.hpp>

namespace fcgi_worker::fastcgi {

/// A request as it comes.
struct Incoming {
    Request request;  ///< Without a deadline yet.

    /// When the web server got it, by its own clock. None where it did not say so.
    std::optional<std::chrono::system_clock::time_point> started;

    /// What is wrong with it, where that is plain already: no body worth the name, or one that is too long.
    std::optional<Problem> refusal;
};

/// The value of the first parameter of that name. Empty where it is absent: FastCGI makes no difference.
[[nodiscard]] std::string_view parameter(const char* const* parameters, std::string_view name);

/// Everything but the body.
[[nodiscard]] Incoming incoming_request(const char* const* parameters);

/// CONTENT_LENGTH; `body_bytes` where the web server does not say it, none where it is no length.
[[nodiscard]] std::optional<std::size_t> stated_length(const char* const* parameters, std::size_t body_bytes);

/// Status and headers with the empty line that ends them. `is_head`: the router says how long GET's body is.
[[nodiscard]] std::string response_head(const Response& response, bool is_head);

}  // namespace fcgi_worker::fastcgi
