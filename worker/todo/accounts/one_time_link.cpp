#include "accounts/one_time_link.hpp"

#include "base64url.hpp"
#include "crypto.hpp"

namespace todo {

LinkCode make_link_code(OwnerId owner) {
    std::string bytes;
    owner.value.append_bytes_to(bytes);
    bytes.resize(Uuid::kBytes + kSecretBytes);
    fill_random(bytes.data() + Uuid::kBytes, kSecretBytes);
    return {owner, to_base64url(bytes), sha256_hex({bytes})};
}

std::optional<LinkCode> parse_link_code(std::string_view text) {
    constexpr std::size_t kCharacters = (Uuid::kBytes + kSecretBytes) / 3 * 4;
    if (text.size() != kCharacters) return std::nullopt;
    const auto bytes = from_base64url(text);
    if (!bytes) return std::nullopt;
    return LinkCode{OwnerId{Uuid::of_bytes(*bytes)}, std::string{text}, sha256_hex({*bytes})};
}

}  // namespace todo
