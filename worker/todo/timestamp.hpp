/// Moments as text: RFC 3339.
///
/// Threads: functions without state.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace todo {

/// Wall-clock time in the precision that the API and the database share.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// In UTC with milliseconds: "2026-01-31T08:15:00.123Z".
[[nodiscard]] std::string to_string(Timestamp time);
void append(std::string& text, Timestamp time);

/// Reads any offset and up to nine digits behind the second, because programs write a time they were given in their
/// own way. None for what is no date-time, for a leap second, for what is finer than a millisecond, and for what is
/// outside of the years 1 to 9999 in UTC: the database has no year 0, and five digits are no date-time.
[[nodiscard]] std::optional<Timestamp> parse_timestamp(std::string_view text);

}  // namespace todo
