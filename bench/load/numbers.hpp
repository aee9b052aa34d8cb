/// A number that is all of a text.
///
/// Threads: any.
/// Errors:  none; the answer says whether it is one.
#pragma once

#include <charconv>
#include <string_view>
#include <system_error>

namespace load {

/// False for a text that is empty, no number, too great for it, or followed by anything else. `base`: of an integer,
/// where it is not 10.
template <typename Number, typename... Base>
[[nodiscard]] bool reads(std::string_view text, Number& value, Base... base) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base...);
    return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace load
