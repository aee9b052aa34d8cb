/// The problems that the library itself answers with, next to Unavailable: their codes and texts stand here alone.
///
/// Threads: functions of their arguments.
#pragma once

#include <string>

#include <fcgi_worker/problem.hpp>

namespace fcgi_worker::answers {

inline Problem bad_request(std::string detail) { return {400, "bad-request", "Bad request", std::move(detail)}; }

inline Problem not_found() { return {404, "not-found", "Not found", "There is nothing at this path."}; }

inline Problem method_not_allowed(const std::string& allow) {
    return Problem{405, "method-not-allowed", "Method not allowed", "This path knows the methods " + allow + "."}.with(
        "Allow", allow);
}

inline Problem payload_too_large(std::size_t body_bytes) {
    return {413, "payload-too-large", "Payload too large",
            "The body is longer than the " + std::to_string(body_bytes) + " bytes that are accepted."};
}

/// Says nothing of what happened: that is in the log, under the same request id.
inline Problem internal_error() {
    return {500, "internal-error", "Internal error",
            "The service failed on this request. The fault is logged under its request_id."};
}

}  // namespace fcgi_worker::answers
