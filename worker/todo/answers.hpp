/// Answers that handlers of different things give alike.
///
/// Threads: functions without state.
#pragma once

#include <string>
#include <utility>

#include <fcgi_worker/http.hpp>

namespace todo {

/// What only its owner may keep, and asks for again each time.
[[nodiscard]] inline fcgi_worker::Response json_answer(int status, std::string json) {
    fcgi_worker::Response response;
    response.status = status;
    response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "private, no-cache"}};
    response.body = std::move(json);
    return response;
}

/// What nobody may keep: it has a secret in it.
[[nodiscard]] inline fcgi_worker::Response secret_answer(int status, std::string json) {
    fcgi_worker::Response response = json_answer(status, std::move(json));
    response.headers.set("Cache-Control", "no-store");
    return response;
}

[[nodiscard]] inline fcgi_worker::Response empty_answer(int status) {
    fcgi_worker::Response response;
    response.status = status;
    return response;
}

}  // namespace todo
