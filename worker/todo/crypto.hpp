/// Random bytes, digests and passwords: the one place that knows libsodium. Signatures are accounts/signature.hpp's.
///
/// Threads: after start_crypto() any thread may call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace todo {

/// Once, before anything else here. Throws std::runtime_error where the system has no random source.
void start_crypto();

void fill_random(void* bytes, std::size_t count);

inline constexpr std::size_t kSecretBytes = 32;  ///< Of chance: nobody guesses what is told to one alone.

/// SHA-256 over all parts, each with its length before it, so that moving a byte from one part to the next shows.
/// 64 hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::initializer_list<std::string_view> parts);

/// SHA-256 over these bytes alone.
[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::string_view bytes);

/// argon2id in its own text form, with a salt of its own. Takes kPasswordMemory, and a tenth of a second or more.
/// Throws std::bad_alloc where there is no memory for it.
[[nodiscard]] std::string hash_password(std::string_view password);
/// Whether it is the one that was hashed. Takes the same time and memory, whatever it finds. Throws std::bad_alloc
/// where there is no memory to find it.
[[nodiscard]] bool is_password(std::string_view hash, std::string_view password);

inline constexpr std::size_t kPasswordMemory = std::size_t{64} << 20;  ///< Bytes: what makes guessing dear on a GPU.

}  // namespace todo
