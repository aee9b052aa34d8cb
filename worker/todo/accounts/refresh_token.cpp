#include "accounts/refresh_token.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base64url.hpp"
#include "crypto.hpp"

namespace todo {
namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kBytes = 2 * kIdBytes + kSecretBytes;

void append(std::string& bytes, const Uuid& id) {
    for (const std::uint8_t byte : id.bytes()) bytes += static_cast<char>(byte);
}

Uuid id_at(std::string_view bytes, std::size_t first) {
    std::array<std::uint8_t, kIdBytes> id{};
    std::transform(bytes.begin() + static_cast<std::ptrdiff_t>(first),
                   bytes.begin() + static_cast<std::ptrdiff_t>(first + kIdBytes), id.begin(),
                   [](char byte) { return static_cast<std::uint8_t>(byte); });
    return Uuid{id};
}

}  // namespace

RefreshToken make_refresh_token(OwnerId owner, Uuid session) {
    std::string bytes;
    append(bytes, owner.value);
    append(bytes, session);
    bytes.resize(kBytes);
    fill_random(bytes.data() + 2 * kIdBytes, kSecretBytes);
    return {owner, session, to_base64url(bytes), sha256_hex({bytes})};
}

std::optional<RefreshToken> parse_refresh_token(std::string_view text) {
    constexpr std::size_t kCharacters = (kBytes * 8 + 5) / 6;
    if (text.size() != kCharacters) return std::nullopt;
    const auto bytes = from_base64url(text);
    if (!bytes || bytes->size() != kBytes) return std::nullopt;
    return RefreshToken{OwnerId{id_at(*bytes, 0)}, id_at(*bytes, kIdBytes), std::string{text}, sha256_hex({*bytes})};
}

}  // namespace todo
