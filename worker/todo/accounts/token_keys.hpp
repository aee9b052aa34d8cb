/// The keys of access tokens: a JWK Set (RFC 7517) in a file.
///
///     {"keys": [{"kty": "oct", "kid": "2026-11", "alg": "HS256", "k": "..."},
///               {"kty": "RSA", "kid": "login-1", "alg": "RS256", "n": "...", "e": "AQAB"},
///               {"kty": "EC", "kid": "login-2", "alg": "ES256", "crv": "P-256", "x": "...", "y": "..."}]}
///
/// Each has a name of its own (kid) and one algorithm that it is bound to: who has a public key cannot use it as a
/// secret.
///
/// Threads: a key may be used by any thread.
/// Errors:  std::runtime_error, one line for the operator.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "accounts/signature.hpp"

namespace todo {

struct TokenKey {
    std::string kid;  ///< 1..255 characters of ASCII that JSON has no escapes for.
    std::string alg;
    std::variant<HmacSha256, PublicKey> key;

    [[nodiscard]] bool is_own() const { return std::holds_alternative<HmacSha256>(key); }
    [[nodiscard]] bool verifies(std::string_view text, std::string_view signature) const;
};

/// In the order of the set; one of them or more is HS256.
[[nodiscard]] std::vector<TokenKey> parse_token_keys(std::string_view json);

/// Of a file that others may not read or write. The errors begin with its name.
[[nodiscard]] std::vector<TokenKey> read_token_keys(const std::string& file);

}  // namespace todo
