#include "crypto.hpp"

#include <sodium.h>

#include <array>
#include <cstdint>
#include <stdexcept>

namespace todo {

void start_crypto() {
    if (sodium_init() < 0) throw std::runtime_error("libsodium cannot start: this system gives no random bytes");
}

void fill_random(void* bytes, std::size_t count) { randombytes_buf(bytes, count); }

std::string sha256_hex(std::initializer_list<std::string_view> parts) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (const std::string_view part : parts) {
        std::array<unsigned char, 8> length{};
        for (std::size_t i = 0; i < length.size(); ++i) {
            length.at(i) = static_cast<unsigned char>(std::uint64_t{part.size()} >> (8 * i));
        }
        crypto_hash_sha256_update(&state, length.data(), length.size());
        // The library's interface wants unsigned bytes; a view has characters.
        crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(part.data()), part.size());
    }
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256_final(&state, digest.data());

    std::array<char, 2 * crypto_hash_sha256_BYTES + 1> hex{};
    sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
    return hex.data();
}

}  // namespace todo
