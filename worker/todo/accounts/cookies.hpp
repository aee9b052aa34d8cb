/// Cookies that sign in a page of the service itself: what a request brings of them, what an answer sets.
///
/// A browser sends cookies by itself, whoever has made it ask. So what they sign in changes something only when a page
/// of this very origin asks, and an answer sets them only for such a page.
///
/// Threads: functions without state.
/// Errors:  fcgi_worker::Problem: 401 invalid-token, 403 cross-origin.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fcgi_worker/http.hpp>

#include "accounts/account_wire.hpp"

namespace todo {

inline constexpr std::string_view kAccessCookie = "todo_access";  ///< nginx's limits know it by this name too.
inline constexpr std::string_view kRefreshCookie = "todo_refresh";

/// What the cookie has, as long as the request lives. `name` is in lower case, and means any case: so does nginx. None
/// where there is no such cookie, or an Authorization header: that goes first, good or bad. 401 where there are
/// several: another host of the same domain may have set one, and nobody can tell which.
[[nodiscard]] std::optional<std::string_view> find_cookie(const fcgi_worker::Request& request, std::string_view name);

/// 403 unless a page asks that came from the address it asks: there is one Origin, its host and port are those of Host,
/// and Sec-Fetch-Site, where the browser sends it, says the same. Whether the page came by http or https counts where
/// TLS ends here, and not where it ends in front of the web server.
void require_own_origin(const fcgi_worker::Request& request);

/// Values of Set-Cookie.
struct SessionCookies {
    std::string access;
    std::string refresh;
};

[[nodiscard]] SessionCookies cookies_of(const Grant& grant);

/// A browser forgets those that it has.
[[nodiscard]] SessionCookies ended_cookies();

/// A Response or a Problem that sets them.
template <typename Answer>
[[nodiscard]] Answer with_cookies(Answer answer, const SessionCookies& cookies) {
    return std::move(answer).with("Set-Cookie", cookies.access).with("Set-Cookie", cookies.refresh);
}

}  // namespace todo
