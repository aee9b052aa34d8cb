/// Emails: which ones are taken, and which are the same.
///
/// Threads: functions without state.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace todo {

inline constexpr std::size_t kLongestEmail = 254;  ///< Bytes: what a path of SMTP can hold (RFC 5321, 4.5.3.1.3).

/// What is wrong with it, as a sentence for its owner; empty where nothing is. It takes the shapes that people have:
/// dots, tags (a+b@), letters of any script, and a domain of two labels or more. It takes neither comments nor quotes.
[[nodiscard]] std::string complaint_about_email(std::string_view email);

/// SHA-256 of the email without regard to the case of ASCII letters, in hexadecimal digits. Letters of other scripts
/// count as they are written.
[[nodiscard]] std::string email_digest(std::string_view email);

}  // namespace todo
