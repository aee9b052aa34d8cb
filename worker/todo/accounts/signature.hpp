/// Signatures of access tokens (RFC 7518), by keys that are made ready once: the one place that knows OpenSSL.
///
/// Threads: a key may be used by any thread.
/// Errors:  what makes a key throws std::invalid_argument, which says what is wrong with it. All of it throws
///          std::runtime_error where OpenSSL has no memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace todo {

/// A secret, HS256: who can verify can sign too.
class HmacSha256 {
public:
    /// 32 bytes or more: a shorter one can be found by trying (RFC 7518, 3.2).
    explicit HmacSha256(std::string_view secret);

    /// 32 bytes.
    [[nodiscard]] std::string sign(std::string_view text) const;
    /// In a time that does not show how much of it is right.
    [[nodiscard]] bool verifies(std::string_view text, std::string_view signature) const;

private:
    struct State;
    std::shared_ptr<const State> state_;
};

/// A public key, RS256 or ES256.
class PublicKey {
public:
    /// Modulus and exponent, the first byte first; 2048 to 8192 bits.
    [[nodiscard]] static PublicKey rsa(std::string_view n, std::string_view e);

    /// A point of P-256: two times 32 bytes.
    [[nodiscard]] static PublicKey p256(std::string_view x, std::string_view y);

    /// Of SHA-256 over the text: PKCS #1 1.5 for RSA; for P-256 r and s, 32 bytes each.
    [[nodiscard]] bool verifies(std::string_view text, std::string_view signature) const;

private:
    struct Key;
    explicit PublicKey(std::shared_ptr<const Key> key) : key_(std::move(key)) {}
    std::shared_ptr<const Key> key_;
};

}  // namespace todo
