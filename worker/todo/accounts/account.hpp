/// What an account is: an owner who can sign in.
///
/// Threads: values.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "timestamp.hpp"
#include "todo.hpp"

namespace todo {

struct Account {
    OwnerId owner;
    std::optional<std::string> email = {};  ///< None: of a visitor who has not signed up.
    bool email_verified = false;
    Timestamp created_at = {};

    bool operator==(const Account&) const = default;
};

/// What somebody signs in with.
struct Credentials {
    std::string email = {};          ///< As it was given.
    std::string email_digest = {};   ///< See email.hpp; 64 hexadecimal digits.
    std::string password_hash = {};  ///< See passwords.hpp.
};

/// One place where an owner is signed in. Its id stays; its refresh token is a new one after each use.
struct Session {
    Uuid id;
    std::string token_digest;  ///< 64 hexadecimal digits.
};

/// A session that nobody has refreshed for so long has ended. An account without an email lives as long: nobody can
/// reach it any more. The statements say it as `interval '90 days'`.
inline constexpr std::chrono::days kSessionLifetime{90};

/// Sessions of one account; the one used longest ago gives way. A person has a handful of devices.
inline constexpr std::size_t kMostSessions = 100;

}  // namespace todo
