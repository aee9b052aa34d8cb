/// Those who have accounts, and how they ask for things: what the tests of accounts have in common.
///
/// Threads: functions that share nothing but a counter.
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <string>

#include "client.hpp"
#include "json.hpp"
#include "matchers.hpp"
#include "stack.hpp"

namespace api {

inline constexpr const char* kAccounts = "/v1/accounts";
inline constexpr const char* kAccount = "/v1/account";
inline constexpr const char* kSessions = "/v1/sessions";
inline constexpr const char* kRefresh = "/v1/sessions/refresh";
inline constexpr const char* kCurrent = "/v1/sessions/current";
inline constexpr const char* kTodos = "/v1/todos";
inline constexpr const char* kPassword = "correct horse battery";

/// Somebody who is signed in.
struct User {
    std::string email;
    std::string access;
    std::string refresh;

    [[nodiscard]] Headers headers() const { return {{"Authorization", "Bearer " + access}}; }
};

/// That nobody has.
inline std::string new_email() {
    static std::atomic<int> count = 0;
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    return "ada" + std::to_string(++count) + "." + std::to_string(now) + "@example.org";
}

inline std::string credentials(const std::string& email, const std::string& password = kPassword) {
    return R"({"email":)" + quoted(email) + R"(,"password":)" + quoted(password) + "}";
}
inline std::string refresh_body(const std::string& token) { return R"({"refresh_token":)" + quoted(token) + "}"; }

inline User user_of(const Answer& answer, const std::string& email = "") {
    return {email, text_at(answer, "/access_token"), text_at(answer, "/refresh_token")};
}
inline User given_visitor() {
    const Answer made = post(kAccounts, "{}");
    EXPECT_THAT(made, Answers(201));
    return user_of(made);
}
inline User given_user() {
    const std::string email = new_email();
    const Answer made = post(kAccounts, credentials(email));
    EXPECT_THAT(made, Answers(201));
    return user_of(made, email);
}

inline Answer sign_in(const std::string& email, const std::string& password = kPassword) {
    return post(kSessions, credentials(email, password));
}
inline Answer refresh(const std::string& token) { return post(kRefresh, refresh_body(token)); }

/// A DELETE with a body.
inline Answer remove_with(const std::string& path, const std::string& body, const Headers& headers) {
    Headers all = headers;
    all.emplace_back("Content-Type", "application/json");
    return send({.method = "DELETE", .path = path, .headers = all, .body = body, .url = ""});
}

/// A request as it stands here, headers that come twice included. Only 127.0.0.1 has no limits.
inline Answer send_as_it_is(const std::string& method, const std::string& path, const Headers& headers,
                            const std::string& body, const std::string& from_address = "127.0.0.1") {
    std::string head = method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n";
    for (const auto& [name, value] : headers) head.append(name).append(": ").append(value).append("\r\n");
    return send_raw(head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body, from_address);
}
inline Answer post_from(const std::string& address, const std::string& path, const std::string& body) {
    return send_as_it_is("POST", path, {{"Content-Type", "application/json"}}, body, address);
}

}  // namespace api
