/// Questions about text that is valid UTF-8 already.
///
/// Threads: functions without state.
#pragma once

#include <cstddef>
#include <string_view>

namespace todo {

[[nodiscard]] std::size_t count_code_points(std::string_view text);

/// Nothing to be seen: white space, and characters that have no width or only turn the direction of others.
[[nodiscard]] bool is_blank(std::string_view text);

/// U+0000..001F, U+007F..009F, except those that `allowed` lists.
[[nodiscard]] bool has_control_character(std::string_view text, std::string_view allowed = {});

}  // namespace todo
