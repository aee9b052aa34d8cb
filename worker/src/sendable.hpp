/// What may go into a header, and so into an answer: a server and a test client hold a program to the same.
///
/// Threads: functions of their arguments.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <fcgi_worker/http.hpp>

namespace fcgi_worker {

/// Fit for a header, a log line and a URL.
inline bool is_request_id(std::string_view text) {
    constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return !text.empty() && text.size() <= 128 && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

/// Whether an answer of this status has neither body nor length.
inline bool has_no_content(int status) { return status == 204 || status == 304; }

/// Whether nothing in it could end a header early or begin another one.
inline bool is_sendable(const Response& response) {
    constexpr std::string_view kBreaks{"\r\n\0", 3};
    constexpr std::string_view kName = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if (response.status < 200 || response.status > 599) return false;
    return std::all_of(response.headers.begin(), response.headers.end(), [&](const auto& header) {
        const auto& [name, value] = header;
        return !name.empty() && name.find_first_not_of(kName) == std::string::npos &&
               value.find_first_of(kBreaks) == std::string::npos;
    });
}

}  // namespace fcgi_worker
