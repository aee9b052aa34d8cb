/// Refresh tokens: whose session it is, and 256 random bits that only the client and a digest know.
///
/// 16 bytes of the owner's id, 16 of the session's, 32 random ones, in base64url: 86 characters. The ids find the row
/// in one look, and show an old token of a session for what it is.
///
/// Threads: functions without state; after start_crypto().
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "todo.hpp"

namespace todo {

struct RefreshToken {
    OwnerId owner;
    Uuid session;
    std::string text;    ///< What the client has.
    std::string digest;  ///< What is stored: SHA-256 in hexadecimal digits.
};

[[nodiscard]] RefreshToken make_refresh_token(OwnerId owner, Uuid session);

/// None for what make_refresh_token() never makes.
[[nodiscard]] std::optional<RefreshToken> parse_refresh_token(std::string_view text);

}  // namespace todo
