/// Access tokens: JSON Web Tokens (RFC 7519, signed as in RFC 7515) that say whose a request is, for 15 minutes,
/// without a look into the database.
///
/// HS256 keys are the service's own, with which it signs and verifies. RS256 and ES256 keys are another issuer's, whose
/// tokens count too: their owner's id is the first 16 bytes of SHA-256 over iss, a zero byte and the owner's claim.
///
/// Threads: every member may be called from any thread.
/// Errors:  the constructor throws std::runtime_error, one line for the operator. verify() throws fcgi_worker::Problem.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/token_keys.hpp"
#include "json_member.hpp"
#include "todo.hpp"

namespace todo {

inline constexpr std::chrono::seconds kTokenLife{900};
inline constexpr std::size_t kLongestToken = 4096;  ///< Bytes; ours have some 300, those of others rarely 2,000.

/// A token's iat may be so much later than it is here: clocks of machines differ.
inline constexpr std::chrono::seconds kClockSkew{60};

/// iss and aud of the service's own tokens.
inline constexpr std::string_view kOwnIssuer = "todo-worker";

struct TokenOptions {
    std::string keys_file = {};       ///< A JWK Set, see token_keys.hpp.
    std::string issuer = {};          ///< iss of the other issuer.
    std::string audience = {};        ///< What must be in its aud.
    std::string owner_claim = "sub";  ///< Where it says whose the token is.
};

struct Claims {
    OwnerId owner;
    std::optional<Uuid> session = {};  ///< Of the service's own.
    std::chrono::system_clock::time_point issued_at = {};
};

class Tokens {
public:
    /// Reads the keys.
    explicit Tokens(const TokenOptions& options);

    /// With keys that have been read; `keys_file` only stands in the errors.
    Tokens(std::vector<TokenKey> keys, const TokenOptions& options);

    Tokens(const Tokens&) = delete;
    Tokens& operator=(const Tokens&) = delete;

    /// With the first HS256 key.
    [[nodiscard]] std::string sign(OwnerId owner, Uuid session, std::chrono::system_clock::time_point now) const;

    /// 401 invalid-token for each that is not good at that moment.
    [[nodiscard]] Claims verify(std::string_view token, std::chrono::system_clock::time_point now) const;

private:
    [[nodiscard]] const TokenKey& key_of(std::string_view header) const;
    [[nodiscard]] Claims own_claims(const std::vector<JsonMember>& claims) const;
    [[nodiscard]] Claims foreign_claims(const std::vector<JsonMember>& claims) const;

    TokenOptions options_;
    std::vector<TokenKey> keys_;
    const TokenKey* signing_key_ = nullptr;
    /// What our own tokens begin with, by key: it need not be read each time.
    std::map<std::string, const TokenKey*, std::less<>> own_headers_;
    std::string signing_header_;
};

}  // namespace todo
