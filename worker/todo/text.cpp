#include "text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace todo {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }

/// Takes one code point from the front of `rest`.
char32_t take_code_point(std::string_view& rest) {
    const std::uint8_t lead = byte_at(rest, 0);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t code_point = length == 1 ? lead : lead & (0xFF >> (length + 1));
    for (std::size_t i = 1; i < length && i < rest.size(); ++i) {
        code_point = code_point << 6 | (byte_at(rest, i) & 0x3F);
    }
    rest.remove_prefix(std::min(length, rest.size()));
    return code_point;
}

struct Range {
    char32_t first;
    char32_t last;
};

/// Unicode's White_Space, and of its Default_Ignorable_Code_Point those that occur in text by themselves.
constexpr std::array kInvisible{
    Range{0x0009, 0x000D}, Range{0x0020, 0x0020}, Range{0x0085, 0x0085}, Range{0x00A0, 0x00A0},   Range{0x00AD, 0x00AD},
    Range{0x034F, 0x034F}, Range{0x061C, 0x061C}, Range{0x115F, 0x1160}, Range{0x1680, 0x1680},   Range{0x180B, 0x180F},
    Range{0x2000, 0x200F}, Range{0x2028, 0x202F}, Range{0x205F, 0x206F}, Range{0x3000, 0x3000},   Range{0x3164, 0x3164},
    Range{0xFE00, 0xFE0F}, Range{0xFEFF, 0xFEFF}, Range{0xFFA0, 0xFFA0}, Range{0xE0000, 0xE0FFF},
};

bool is_invisible(char32_t code_point) {
    return std::any_of(kInvisible.begin(), kInvisible.end(), [code_point](const Range& range) {
        return range.first <= code_point && code_point <= range.last;
    });
}

}  // namespace

std::string to_lower(std::string_view text) {
    std::string lower{text};
    for (char& character : lower) character = to_lower(character);
    return lower;
}

bool equals(std::string_view text, std::string_view lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                      [](char left, char right) { return to_lower(left) == right; });
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kBlanks = " \t";
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

std::size_t count_code_points(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char byte) { return (static_cast<std::uint8_t>(byte) & 0xC0) != 0x80; }));
}

std::string_view take_until(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view part = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

bool is_blank(std::string_view text) {
    while (!text.empty()) {
        if (!is_invisible(take_code_point(text))) return false;
    }
    return true;
}

bool has_control_character(std::string_view text, std::string_view allowed) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::uint8_t byte = byte_at(text, i);
        if (byte < 0x20 || byte == 0x7F) {
            if (allowed.find(text[i]) == std::string_view::npos) return true;
        } else if (byte == 0xC2 && i + 1 < text.size() && byte_at(text, i + 1) < 0xA0) {
            return true;  // U+0080..009F
        }
    }
    return false;
}

}  // namespace todo
