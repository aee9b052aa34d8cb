#include "accounts/authenticator.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "accounts/cookies.hpp"
#include "problems.hpp"
#include "text.hpp"

namespace todo {
namespace {

/// Of `Authorization: Bearer TOKEN`. A request that has several of these headers speaks for nobody.
std::string_view bearer_token(const fcgi_worker::Request& request) {
    constexpr std::string_view kScheme = "bearer ";
    std::string_view value;
    for (const auto& [name, text] : request.headers) {
        if (name != "authorization") continue;
        if (!value.empty()) throw problems::invalid_token("there are several Authorization headers");
        value = text;
    }
    const bool is_bearer = value.size() > kScheme.size() && equals(value.substr(0, kScheme.size()), kScheme);
    if (!is_bearer) throw problems::not_signed_in();
    value.remove_prefix(std::min(value.find_first_not_of(' ', kScheme.size()), value.size()));
    return value;
}

}  // namespace

Identity Authenticator::operator()(const fcgi_worker::Request& request) const {
    const auto cookie = find_cookie(request, kAccessCookie);
    if (cookie && request.method != "GET" && request.method != "HEAD") require_own_origin(request);
    const std::string_view token = cookie ? *cookie : bearer_token(request);
    const Claims claims = tokens_.verify(token, std::chrono::system_clock::now());
    // A session that is refreshed has a new token each time, and is as old as it is; but no younger than its token,
    // which says the second, where a clock has gone back after it was made.
    auto since = claims.issued_at;
    if (claims.session) since = std::min<decltype(since)>(claims.session->time(), since + std::chrono::seconds{1});
    if (revocations_.is_revoked(claims.owner, since)) throw problems::revoked();
    return {claims.owner, claims.session, cookie.has_value()};
}

}  // namespace todo
