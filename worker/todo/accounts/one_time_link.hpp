/// What stands in a link that a mail has brought: whose account it is for, and 256 random bits that only the mail and a
/// digest know. It is good once, and for a while.
///
/// 16 bytes of the owner's id and 32 random ones, in base64url: 64 characters.
///
/// Threads: values; functions without state, after start_crypto().
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "todo.hpp"

namespace todo {

enum class LinkPurpose { kVerifyEmail, kResetPassword };

/// An account has one of each purpose; a new one takes its place.
struct LinkCode {
    OwnerId owner;
    std::string text;    ///< What the mail has.
    std::string digest;  ///< What is stored: SHA-256 in hexadecimal digits.
};

[[nodiscard]] LinkCode make_link_code(OwnerId owner);

/// None for what make_link_code() never makes.
[[nodiscard]] std::optional<LinkCode> parse_link_code(std::string_view text);

/// How long it is good. A verified email can wait for a day. A link that gives away an account is in a mailbox that
/// others may see later.
[[nodiscard]] constexpr std::chrono::minutes lifetime(LinkPurpose purpose) {
    return purpose == LinkPurpose::kVerifyEmail ? std::chrono::hours{24} : std::chrono::minutes{30};
}

/// Nobody gets a second mail of one purpose sooner: whoever asks for them is perhaps not whom they annoy. And so long
/// each link is good, whoever else asks for the next one.
inline constexpr std::chrono::seconds kBetweenMails{300};

}  // namespace todo
