#include "accounts/refresh_token.hpp"

#include <cstddef>

#include "base64url.hpp"
#include "crypto.hpp"

namespace todo {
namespace {

constexpr std::size_t kIds = 2 * Uuid::kBytes;
constexpr std::size_t kBytes = kIds + kSecretBytes;

}  // namespace

RefreshToken make_refresh_token(OwnerId owner, Uuid session) {
    std::string bytes;
    owner.value.append_bytes_to(bytes);
    session.append_bytes_to(bytes);
    bytes.resize(kBytes);
    fill_random(bytes.data() + kIds, kSecretBytes);
    return {owner, session, to_base64url(bytes), sha256_hex({bytes})};
}

std::optional<RefreshToken> parse_refresh_token(std::string_view text) {
    constexpr std::size_t kCharacters = (kBytes * 8 + 5) / 6;
    if (text.size() != kCharacters) return std::nullopt;
    const auto bytes = from_base64url(text);
    if (!bytes || bytes->size() != kBytes) return std::nullopt;
    return RefreshToken{OwnerId{Uuid::of_bytes(*bytes)}, Uuid::of_bytes(bytes->substr(Uuid::kBytes)), std::string{text},
                        sha256_hex({*bytes})};
}

}  // namespace todo
