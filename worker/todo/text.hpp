/// Questions about text, which is valid UTF-8 already where nothing else is said.
///
/// Threads: functions without state.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace todo {

[[nodiscard]] std::size_t count_code_points(std::string_view text);

/// ASCII letters alone, in any text.
[[nodiscard]] constexpr char to_lower(char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}
[[nodiscard]] std::string to_lower(std::string_view text);

/// Without regard to the case of ASCII letters; `lower` has none in upper case.
[[nodiscard]] bool equals(std::string_view text, std::string_view lower);

/// Without the spaces and tabs at both ends that a header may have: RFC 9110, section 5.6.3.
[[nodiscard]] std::string_view trim(std::string_view text);

/// What stands before the separator, or all of it, without spaces and tabs around it; that and the separator are taken
/// from the front of `rest`.
[[nodiscard]] std::string_view take_until(std::string_view& rest, char separator);

/// Nothing to be seen: white space, and characters that have no width or only turn the direction of others.
[[nodiscard]] bool is_blank(std::string_view text);

/// U+0000..001F, U+007F..009F, except those that `allowed` lists.
[[nodiscard]] bool has_control_character(std::string_view text, std::string_view allowed = {});

}  // namespace todo
