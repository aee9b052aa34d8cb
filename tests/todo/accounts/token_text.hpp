/// Tokens written by hand, and the keys of an issuer that is not the service.
///
/// Threads: one.
/// Errors:  std::runtime_error where OpenSSL makes no key.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace todo {

inline const std::string kSecret(32, 's');
inline const std::string kOldSecret(40, 'o');

/// A member of a JSON object: its name, and its value as JSON. Without a value it is left out.
using Member = std::pair<std::string, std::string>;

/// `members` as an object, each of `changes` in the place of the one with its name, or at the end.
[[nodiscard]] std::string json(std::vector<Member> members, const std::vector<Member>& changes = {});

/// HEADER.PAYLOAD, which is what is signed.
[[nodiscard]] std::string unsigned_token(std::string_view header, std::string_view payload);

[[nodiscard]] std::string hs256_token(std::string_view header, std::string_view payload,
                                      std::string_view secret = kSecret);

/// {"keys":[...]}
[[nodiscard]] std::string key_set(const std::vector<std::string>& keys);

[[nodiscard]] std::string hs256_jwk(const std::string& id, std::string_view secret);

/// A private key of another issuer.
class ForeignKey {
public:
    [[nodiscard]] static ForeignKey rsa(unsigned bits = 2048);
    [[nodiscard]] static ForeignKey ec(const std::string& curve = "P-256");

    /// Its public half; each of `changes` replaces a member.
    [[nodiscard]] std::string jwk(const std::string& id, const std::vector<Member>& changes = {}) const;
    /// The same as a careless program might take it for a secret.
    [[nodiscard]] std::string pem() const;
    [[nodiscard]] std::string token(std::string_view header, std::string_view payload) const;

private:
    struct Key;
    explicit ForeignKey(std::shared_ptr<Key> key) : key_(std::move(key)) {}

    std::shared_ptr<Key> key_;
};

/// One of each for whoever needs no other: making one takes a while.
[[nodiscard]] const ForeignKey& rsa();
[[nodiscard]] const ForeignKey& ec();

}  // namespace todo
