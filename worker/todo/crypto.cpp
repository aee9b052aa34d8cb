#include "crypto.hpp"

#include <sodium.h>
#include <sys/mman.h>

#include <array>
#include <cstdint>
#include <new>
#include <stdexcept>

namespace todo {
namespace {

// Two passes over the memory: with 64 MiB what RFC 9106 and libsodium call fit for signing in while somebody waits.
constexpr unsigned long long kPasswordPasses = 2;

}  // namespace

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

std::array<std::uint8_t, 32> sha256(std::string_view bytes) {
    std::array<std::uint8_t, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    return digest;
}

namespace {

/// libsodium says the same of another password as of too little memory to look at it.
void require_memory_for_password() {
    void* const memory = mmap(nullptr, kPasswordMemory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc{};
    munmap(memory, kPasswordMemory);
}

}  // namespace

std::string hash_password(std::string_view password) {
    std::array<char, crypto_pwhash_STRBYTES> hash{};
    if (crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), kPasswordPasses, kPasswordMemory,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        throw std::bad_alloc{};
    }
    return hash.data();
}

bool is_password(std::string_view hash, std::string_view password) {
    if (crypto_pwhash_str_verify(std::string{hash}.c_str(), password.data(), password.size()) == 0) return true;
    require_memory_for_password();
    return false;
}

}  // namespace todo
