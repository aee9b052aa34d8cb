/// Random bytes and digests: the one place that knows libsodium.
///
/// Threads: after start_crypto() any thread may call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace todo {

/// Once, before anything else here. Throws std::runtime_error where the system has no random source.
void start_crypto();

void fill_random(void* bytes, std::size_t count);

/// SHA-256 over all parts, each with its length before it, so that moving a byte from one part to the next shows.
/// 64 hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::initializer_list<std::string_view> parts);

/// SHA-256 over these bytes alone.
[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::string_view bytes);

/// HMAC with SHA-256. What depends on the key alone is done once.
class HmacSha256 {
public:
    explicit HmacSha256(std::string_view key);
    /// 32 bytes.
    [[nodiscard]] std::string sign(std::string_view text) const;
    /// In a time that does not show how much of it is right.
    [[nodiscard]] bool verifies(std::string_view text, std::string_view signature) const;

private:
    struct State;
    std::shared_ptr<const State> state_;
};

/// argon2id in its own text form, with a salt of its own. Takes kPasswordMemory, and a tenth of a second or more.
/// Throws std::bad_alloc where there is no memory for it.
[[nodiscard]] std::string hash_password(std::string_view password);
/// Whether it is the one that was hashed. Takes the same time and memory, whatever it finds.
[[nodiscard]] bool is_password(std::string_view hash, std::string_view password);

inline constexpr std::size_t kPasswordMemory = std::size_t{64} << 20;  ///< Bytes: what makes guessing dear on a GPU.

}  // namespace todo
