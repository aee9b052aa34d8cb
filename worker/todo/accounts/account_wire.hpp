/// Bodies of requests about accounts, and of their answers.
///
/// Threads: functions without state.
/// Errors:  parse_* throw fcgi_worker::Problem: 400 for what is no JSON, 422 with a pointer for each fault.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "accounts/account.hpp"

namespace todo {

/// Both are fit to be kept.
struct NewCredentials {
    std::string email;
    std::string password;
};

/// Where somebody wants his tokens. From cookies no script of a page can take them.
enum class TokensIn { kBody, kCookies };

struct SignUp {
    std::optional<NewCredentials> credentials;  ///< None: a visitor.
    TokensIn tokens_in = TokensIn::kBody;
};

/// Whatever somebody tries.
struct Attempt {
    std::string email;
    std::string password;
    TokensIn tokens_in = TokensIn::kBody;
};

/// None means "as it was".
struct AccountPatch {
    std::optional<std::string> email;
    std::optional<std::string> password;
    std::optional<std::string> current_password;
};

[[nodiscard]] SignUp parse_sign_up(std::string_view body);
[[nodiscard]] Attempt parse_sign_in(std::string_view body);
/// The token; none where there is none in it.
[[nodiscard]] std::optional<std::string> parse_refresh(std::string_view body);
[[nodiscard]] AccountPatch parse_account_patch(std::string_view body);
/// The password; none where there is no body, or none in it.
[[nodiscard]] std::optional<std::string> parse_removal(std::string_view body);

/// A new password, with what a mail has brought. The password is fit to be kept.
struct Reset {
    std::string code;
    std::string password;
};

/// An email that there may be.
[[nodiscard]] std::string parse_reset_request(std::string_view body);
[[nodiscard]] Reset parse_reset(std::string_view body);
/// The code.
[[nodiscard]] std::string parse_link(std::string_view body);
/// `{}`
void parse_nothing(std::string_view body);

/// What somebody who is let in gets.
struct Grant {
    std::string access_token;
    std::chrono::seconds expires_in;
    std::string refresh_token;
};

[[nodiscard]] std::string to_json(const Account& account);
/// With the account where there is one, and the tokens where they are not in cookies.
[[nodiscard]] std::string to_json(const Grant& grant, const std::optional<Account>& account, TokensIn tokens_in);

}  // namespace todo
