/// What a client is told of a token that is not believed.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include <fcgi_worker/problem.hpp>

#include "accounts/token.hpp"

namespace todo {

inline constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'795'000'000}};

/// None where the token is believed.
inline std::optional<fcgi_worker::Problem> refusal_of(const Tokens& tokens, std::string_view token,
                                                      std::chrono::system_clock::time_point now = kNow) {
    try {
        (void)tokens.verify(token, now);
        return std::nullopt;
    } catch (const fcgi_worker::Problem& problem) {
        return problem;
    }
}

/// RFC 6750 allows these in an error_description.
inline bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

/// 401 with `why` for people, and for programs in WWW-Authenticate.
MATCHER_P(IsRefusedAs, why, "is a 401 invalid-token that says \"" + std::string{why} + '"') {
    const std::optional<fcgi_worker::Problem>& problem = arg;
    if (!problem) {
        *result_listener << "which is believed";
        return false;
    }
    const std::string header{problem->to_response("1").headers.find("WWW-Authenticate").value_or("")};
    *result_listener << "which says \"" << problem->detail() << "\" and " << header;
    const std::string start = R"(Bearer error="invalid_token", error_description=")";
    return problem->status() == 401 && problem->code() == "invalid-token" &&
           problem->detail().find(why) != std::string::npos && header.starts_with(start) && header.ends_with('"') &&
           header.find(why) != std::string::npos &&
           is_plain(std::string_view{header}.substr(start.size(), header.size() - start.size() - 1));
}

}  // namespace todo
