/// Bytes as text that URLs and headers can hold: RFC 4648, section 5, without padding.
///
/// Not libsodium's: that one takes bytes beyond ASCII for letters (1.0.18), so that one value would have many forms;
/// and it spends a third of what verifying a token costs on hiding from its own machine what is no secret here.
///
/// Threads: functions without state.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace todo {

[[nodiscard]] std::string to_base64url(std::string_view bytes);

/// None for padding, for any other character, and for last bits that are not zero: each value has one form.
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);

}  // namespace todo
