#include "base64url.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace todo {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr unsigned kBitsOfCharacter = 6;
constexpr unsigned kBitsOfByte = 8;
constexpr std::uint8_t kNone = 0xFF;

constexpr std::array<std::uint8_t, 256> kValues = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(kNone);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        values.at(static_cast<std::uint8_t>(kAlphabet[i])) = static_cast<std::uint8_t>(i);
    }
    return values;
}();

}  // namespace

std::string to_base64url(std::string_view bytes) {
    std::string text((bytes.size() * kBitsOfByte + kBitsOfCharacter - 1) / kBitsOfCharacter, '\0');
    std::size_t written = 0;
    std::uint32_t bits = 0;
    unsigned count = 0;  // of the last bits that are not written yet
    for (const char byte : bytes) {
        bits = bits << kBitsOfByte | static_cast<std::uint8_t>(byte);
        for (count += kBitsOfByte; count >= kBitsOfCharacter; count -= kBitsOfCharacter) {
            text[written++] = kAlphabet[bits >> (count - kBitsOfCharacter) & 0x3F];
        }
    }
    if (count > 0) text[written] = kAlphabet[bits << (kBitsOfCharacter - count) & 0x3F];
    return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
    std::string bytes(text.size() * kBitsOfCharacter / kBitsOfByte, '\0');
    std::size_t written = 0;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char character : text) {
        const std::uint8_t value = kValues[static_cast<std::uint8_t>(character)];
        if (value == kNone) return std::nullopt;
        bits = bits << kBitsOfCharacter | value;
        count += kBitsOfCharacter;
        if (count < kBitsOfByte) continue;
        count -= kBitsOfByte;
        bytes[written++] = static_cast<char>(bits >> count & 0xFF);
    }
    const bool is_whole = count < kBitsOfCharacter;  // six bits more would be a character of no byte
    const bool is_zero = (bits & ((1U << count) - 1)) == 0;
    if (!is_whole || !is_zero) return std::nullopt;
    return bytes;
}

}  // namespace todo
