#include "call_handler.hpp"

#include <exception>
#include <utility>

#include "answers.hpp"
#include "sendable.hpp"

namespace fcgi_worker {

Response call_handler(const Handler& handler, const Request& request, const Log& log) {
    const auto failed = [&](std::string error) {
        log_failure(log, LogLevel::kError, "handler failed", request, std::move(error));
        return answers::internal_error().to_response(request.request_id);
    };
    try {
        Response response = handler(request);
        if (is_sendable(response)) return response;
        return failed("the answer has a status or a header that cannot be sent");
    } catch (const std::exception& error) {
        return failed(error.what());
    } catch (...) {
        return failed("not a std::exception");
    }
}

void log_failure(const Log& log, LogLevel level, std::string_view message, const Request& request, std::string error) {
    log({level,
         message,
         {{"request_id", request.request_id},
          {"method", request.method},
          {"path", request.path},
          {"error", std::move(error)}}});
}

}  // namespace fcgi_worker
