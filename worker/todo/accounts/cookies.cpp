#include "accounts/cookies.hpp"

#include <algorithm>
#include <chrono>

#include "problems.hpp"
#include "text.hpp"

namespace todo {
namespace {

using fcgi_worker::Request;

[[noreturn]] void refuse(const char* why) { throw problems::cross_origin(why); }

/// The only header of that name. None: there is none; several are as good as none, for only a forger sends them.
std::optional<std::string_view> find_only(const Request& request, std::string_view name) {
    std::optional<std::string_view> found;
    for (const auto& [field, value] : request.headers) {
        if (field != name) continue;
        if (found) return std::nullopt;
        found = value;
    }
    return found;
}

/// "todo.example:8443" of "https://todo.example:8443"; none where it is no origin of a web page, such as "null".
std::optional<std::string_view> host_of(std::string_view origin, bool is_tls) {
    constexpr std::string_view kTls = "https://";
    constexpr std::string_view kPlain = "http://";
    if (equals(origin.substr(0, kTls.size()), kTls)) return origin.substr(kTls.size());
    if (!is_tls && equals(origin.substr(0, kPlain.size()), kPlain)) return origin.substr(kPlain.size());
    return std::nullopt;
}

/// The browser sends it to `path` and below, over TLS, for pages of this site alone, and shows it to no script.
std::string set_cookie(std::string_view name, std::string_view value, std::string_view path,
                       std::chrono::seconds life) {
    std::string cookie{name};
    cookie.append("=").append(value).append("; Path=").append(path);
    cookie.append("; Max-Age=").append(std::to_string(life.count()));
    return cookie + "; HttpOnly; Secure; SameSite=Strict";
}

SessionCookies session_cookies(const Grant& grant, std::chrono::seconds refresh_life) {
    return {set_cookie(kAccessCookie, grant.access_token, "/v1", grant.expires_in),
            set_cookie(kRefreshCookie, grant.refresh_token, "/v1/sessions/refresh", refresh_life)};
}

}  // namespace

std::optional<std::string_view> find_cookie(const Request& request, std::string_view name) {
    if (request.headers.find("authorization")) return std::nullopt;
    std::optional<std::string_view> found;
    for (const auto& [field, value] : request.headers) {
        if (field != "cookie") continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            std::string_view pair = take_until(rest, ';');
            const bool has_value = pair.find('=') != std::string_view::npos;
            if (!equals(take_until(pair, '='), name) || !has_value) continue;
            if (found) throw problems::invalid_token("there are several cookies of the name " + std::string{name});
            found = trim(pair);
        }
    }
    return found;
}

void require_own_origin(const Request& request) {
    const auto host = find_only(request, "host");
    const auto origin = find_only(request, "origin");
    if (!origin) refuse("The request has no Origin header, or several");
    const auto asking = host_of(*origin, request.origin.starts_with("https://"));
    if (!host || host->empty() || !asking || to_lower(*asking) != to_lower(*host)) {
        refuse("The request's Origin is not the address that it asks");
    }
    for (const auto& [field, value] : request.headers) {
        if (field == "sec-fetch-site" && value != "same-origin")
            refuse("The browser says in Sec-Fetch-Site that it is another page that asks");
    }
}

SessionCookies cookies_of(const Grant& grant) { return session_cookies(grant, kSessionLifetime); }

SessionCookies ended_cookies() { return session_cookies({"", std::chrono::seconds{0}, ""}, std::chrono::seconds{0}); }

}  // namespace todo
