/// Signatures that are verified with a public key, RS256 and ES256 of RFC 7518: the one place that knows OpenSSL.
///
/// Threads: a key may be used by any thread.
/// Errors:  the functions that make one throw std::invalid_argument, which says what is wrong with it.
#pragma once

#include <memory>
#include <string_view>

namespace todo {

class PublicKey {
public:
    /// Modulus and exponent, the first byte first; 2048 bits or more.
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
