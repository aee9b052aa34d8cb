/// Where the next page of a list begins, as the opaque text that a client hands back.
///
/// Threads: functions without state.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store.hpp"

namespace todo {

[[nodiscard]] std::string encode_cursor(Sort sort, const Position& position);

/// None for a text that is no cursor, or one of a list that is sorted in another way.
[[nodiscard]] std::optional<Position> decode_cursor(Sort sort, std::string_view text);

}  // namespace todo
