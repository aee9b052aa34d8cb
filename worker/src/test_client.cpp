#include <fcgi_worker/test_client.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "call_handler.hpp"
#include "log_safely.hpp"
#include "sendable.hpp"

namespace fcgi_worker {
namespace {

constexpr std::chrono::hours kFarAway{1};  // longer than any test, and yet a moment that can be counted with

std::string lower(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return name;
}

/// As they come out of FastCGI's parameters: the type of the body first, its length not among them.
Fields arrived_headers(const Fields& sent, bool has_body) {
    Fields headers;
    const std::string_view type = sent.find("content-type").value_or(has_body ? "application/json" : "");
    if (!type.empty()) headers.add("content-type", std::string{type});
    for (const auto& [name, value] : sent) {
        std::string lower_name = lower(name);
        if (lower_name == "content-type" || lower_name == "content-length") continue;
        headers.add(std::move(lower_name), value);
    }
    return headers;
}

/// What is left of an answer on the other side: its length is counted, but for HEAD, where a handler may know it.
Response as_received(Response response, bool is_head) {
    const bool has_no_length = has_no_content(response.status);
    std::string length = std::to_string(response.body.size());
    if (const auto stated = response.headers.find("content-length"); stated && is_head) length = *stated;

    Fields headers;
    for (const auto& [name, value] : response.headers) {
        const std::string lower_name = lower(name);
        if (lower_name != "content-length" && lower_name != "status") headers.add(name, value);
    }
    if (!has_no_length) headers.add("Content-Length", std::move(length));
    response.headers = std::move(headers);
    if (is_head || has_no_length) response.body.clear();
    return response;
}

}  // namespace

TestClient::TestClient(Handler handler, TestClientOptions options)
    : handler_(std::move(handler)), options_(std::move(options)) {
    if (!handler_) throw std::invalid_argument{"a client needs a handler"};
    options_.log = or_nothing(std::move(options_.log));
}

TestClient::TestClient(const Router& router, TestClientOptions options)
    : TestClient([&router](const Request& request) { return router.handle(request); }, std::move(options)) {}

Response TestClient::get(std::string target, Fields headers) {
    return send({.method = "GET", .target = std::move(target), .headers = std::move(headers)});
}

Response TestClient::head(std::string target, Fields headers) {
    return send({.method = "HEAD", .target = std::move(target), .headers = std::move(headers)});
}

Response TestClient::post(std::string target, std::string body, Fields headers) {
    return send(
        {.method = "POST", .target = std::move(target), .headers = std::move(headers), .body = std::move(body)});
}

Response TestClient::put(std::string target, std::string body, Fields headers) {
    return send({.method = "PUT", .target = std::move(target), .headers = std::move(headers), .body = std::move(body)});
}

Response TestClient::patch(std::string target, std::string body, Fields headers) {
    return send(
        {.method = "PATCH", .target = std::move(target), .headers = std::move(headers), .body = std::move(body)});
}

Response TestClient::remove(std::string target, Fields headers) {
    return send({.method = "DELETE", .target = std::move(target), .headers = std::move(headers)});
}

Response TestClient::send(TestRequest request) {
    const Request received = arrived(std::move(request));
    Response response = call_handler(handler_, received, options_.log);
    if (!response.headers.find("X-Request-Id")) response.headers.add("X-Request-Id", received.request_id);
    return as_received(std::move(response), received.method == "HEAD");
}

Request TestClient::arrived(TestRequest sent) {
    const std::string_view target = std::string_view{sent.target}.substr(0, sent.target.find('#'));
    Request request;
    request.method = std::move(sent.method);
    request.path = target.substr(0, target.find('?'));
    request.query = target.substr(std::min(target.size(), request.path.size() + 1));
    request.headers = arrived_headers(sent.headers, !sent.body.empty());
    request.body = std::move(sent.body);
    request.origin = options_.origin;
    const std::string_view id = sent.headers.find("x-request-id").value_or("");
    request.request_id = is_request_id(id) ? std::string{id} : "test-request-" + std::to_string(++requests_);
    request.deadline = sent.deadline.value_or(deadline_after(kFarAway));
    return request;
}

}  // namespace fcgi_worker
