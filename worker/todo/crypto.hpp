/// Random bytes and digests: the one place that knows libsodium.
///
/// Threads: after start_crypto() any thread may call.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace todo {

/// Once, before anything else here. Throws std::runtime_error where the system has no random source.
void start_crypto();

void fill_random(void* bytes, std::size_t count);

/// SHA-256 over all parts, each with its length before it, so that moving a byte from one part to the next shows.
/// 64 hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::initializer_list<std::string_view> parts);

}  // namespace todo
