#include "message.hpp"

#include <strings.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <utility>

#include "answers.hpp"
#include "sendable.hpp"

namespace fcgi_worker::fastcgi {
namespace {

std::string random_request_id() {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::array<unsigned char, 16> bytes{};
    // It cannot fail for so few bytes; if it did, the id would be a poor one, and the request as good as before.
    [[maybe_unused]] const int failed = getentropy(bytes.data(), bytes.size());
    std::string id;
    for (const unsigned char byte : bytes) {
        id += kHex[byte / 16U];
        id += kHex[byte % 16U];
    }
    return id;
}

std::string request_id(const char* const* parameters) {
    for (const char* name : {"REQUEST_ID", "HTTP_X_REQUEST_ID"}) {
        if (const std::string_view id = parameter(parameters, name); is_request_id(id)) return std::string{id};
    }
    return random_request_id();
}

constexpr std::string_view kHeader = "HTTP_";  // before the name of each of the client's headers

/// "HTTP_IF_MATCH" -> "if-match".
std::string header_name(std::string_view parameter_name) {
    std::string name{parameter_name.substr(kHeader.size())};
    for (char& c : name) {
        if (c == '_') c = '-';
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return name;
}

Fields headers(const char* const* parameters) {
    Fields headers;
    if (const auto type = parameter(parameters, "CONTENT_TYPE"); !type.empty()) {
        headers.add("content-type", std::string{type});
    }
    for (const char* const* entry = parameters; *entry != nullptr; ++entry) {
        if (std::strncmp(*entry, kHeader.data(), kHeader.size()) != 0) continue;
        const std::string_view text{*entry};
        const std::string_view name = text.substr(0, text.find('='));
        // What tells of the body came as CONTENT_TYPE and CONTENT_LENGTH, which the web server has looked at.
        if (name == "HTTP_CONTENT_TYPE" || name == "HTTP_CONTENT_LENGTH") continue;
        headers.add(header_name(name), std::string{text.substr(std::min(text.size(), name.size() + 1))});
    }
    return headers;
}

/// "http://localhost:8080"; the port that a scheme stands for is left out. Empty where the web server says no name.
std::string origin(const char* const* parameters) {
    const std::string_view name = parameter(parameters, "SERVER_NAME");
    if (name.empty()) return {};
    const std::string_view given_scheme = parameter(parameters, "REQUEST_SCHEME");
    const std::string_view scheme = given_scheme.empty() ? "http" : given_scheme;
    const std::string_view port = parameter(parameters, "SERVER_PORT");
    const bool is_default = port.empty() || port == (scheme == "https" ? "443" : "80");

    std::string origin{scheme};
    origin.append("://").append(name);
    if (!is_default) origin.append(":").append(port);
    return origin;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view digits) {
    Number number{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits.starts_with('-')) return std::nullopt;
    return number;
}

/// nginx's $msec: "1700000000.123".
std::optional<std::chrono::system_clock::time_point> parse_start(std::string_view text) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || text.size() - dot != 4 || dot > 11) return std::nullopt;
    const auto seconds = parse_number<std::int64_t>(text.substr(0, dot));
    const auto milliseconds = parse_number<std::int64_t>(text.substr(dot + 1));
    // The clock counts nanoseconds in 64 bits, up to the year 2262.
    if (!seconds || !milliseconds || *seconds > 9'000'000'000) return std::nullopt;
    return std::chrono::system_clock::time_point{std::chrono::seconds{*seconds} +
                                                 std::chrono::milliseconds{*milliseconds}};
}

std::string_view reason(int status) {
    constexpr std::array<std::pair<int, std::string_view>, 27> kReasons{{
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Payload Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    }};
    const auto found = std::find_if(kReasons.begin(), kReasons.end(), [&](const auto& r) { return r.first == status; });
    return found == kReasons.end() ? "Other" : found->second;
}

}  // namespace

std::string_view parameter(const char* const* parameters, std::string_view name) {
    for (const char* const* entry = parameters; *entry != nullptr; ++entry) {
        // Most differ in their first bytes: nothing is done for the length of those.
        if (std::strncmp(*entry, name.data(), name.size()) == 0 && (*entry)[name.size()] == '=') {
            return *entry + name.size() + 1;
        }
    }
    return {};
}

Incoming incoming_request(const char* const* parameters) {
    Incoming incoming;
    Request& request = incoming.request;
    request.method = parameter(parameters, "REQUEST_METHOD");
    std::string_view uri = parameter(parameters, "REQUEST_URI");
    uri = uri.substr(0, uri.find('#'));
    request.path = uri.substr(0, uri.find('?'));
    request.query = uri.substr(std::min(uri.size(), request.path.size() + 1));
    request.headers = headers(parameters);
    request.origin = origin(parameters);
    request.request_id = request_id(parameters);
    incoming.started = parse_start(parameter(parameters, "REQUEST_START"));
    if (request.method.empty() || request.path.empty()) {
        incoming.refusal = answers::bad_request("The request has no method or no path.");
    }
    return incoming;
}

std::optional<std::size_t> stated_length(const char* const* parameters, std::size_t body_bytes) {
    const std::string_view stated = parameter(parameters, "CONTENT_LENGTH");
    return stated.empty() ? std::optional{body_bytes} : parse_number<std::size_t>(stated);
}

std::string response_head(const Response& response, bool is_head) {
    const bool has_no_length = has_no_content(response.status);
    const auto stated_length = is_head ? response.headers.find("Content-Length") : std::nullopt;
    std::string head = "Status: " + std::to_string(response.status) + ' ';
    head.append(reason(response.status)).append("\r\n");
    for (const auto& [name, value] : response.headers) {
        if (strcasecmp(name.c_str(), "Content-Length") == 0 || strcasecmp(name.c_str(), "Status") == 0) continue;
        head.append(name).append(": ").append(value).append("\r\n");
    }
    if (!has_no_length) {
        head += "Content-Length: ";
        head += stated_length ? std::string{*stated_length} : std::to_string(response.body.size());
        head += "\r\n";
    }
    return head + "\r\n";
}

}  // namespace fcgi_worker::fastcgi
