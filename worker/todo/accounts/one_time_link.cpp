#include "accounts/one_time_link.hpp"

#include "base64url.hpp"
#include "crypto.hpp"

namespace todo {
namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kCharacters = (kIdBytes + kSecretBytes) / 3 * 4;

}  // namespace

LinkCode make_link_code(OwnerId owner) {
    std::string bytes;
    owner.value.append_bytes_to(bytes);
    bytes.resize(kIdBytes + kSecretBytes);
    fill_random(bytes.data() + kIdBytes, kSecretBytes);
    return {owner, to_base64url(bytes), sha256_hex({bytes})};
}

std::optional<LinkCode> parse_link_code(std::string_view text) {
    if (text.size() != kCharacters) return std::nullopt;
    const auto bytes = from_base64url(text);
    if (!bytes) return std::nullopt;
    return LinkCode{OwnerId{Uuid::of_bytes(*bytes)}, std::string{text}, sha256_hex({*bytes})};
}

}  // namespace todo
