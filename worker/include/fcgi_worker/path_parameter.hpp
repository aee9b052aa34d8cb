/// How a segment of a path becomes an argument of a handler: see Router::add().
///
/// Texts and integers are known here. A program teaches the router a type of its own by a specialisation that is
/// seen before the routes are added. Its parse() gets the whole segment, percent-decoded and never empty: it may hold
/// any byte, also '/' and NUL.
///
///     template <>
///     struct fcgi_worker::PathParameter<ItemId> {
///         static std::optional<ItemId> parse(std::string_view text) { return ItemId::parse(text); }
///     };
///
/// Threads: functions without state. A parse() of yours is called from any thread.
/// Errors:  what is no value of the type is none, and the request is answered 404: there is nothing at that path.
///          A parse() that throws is treated as a handler that throws.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace fcgi_worker {

/// Of what is no specialisation there is none: a handler cannot have such an argument.
template <typename T>
struct PathParameter;

/// A type that PathParameter is specialised for.
template <typename T>
concept IsPathParameter = requires(std::string_view text) {
    { PathParameter<T>::parse(text) } -> std::same_as<std::optional<T>>;
};

/// Any text. It is good until the handler returns.
template <>
struct PathParameter<std::string_view> {
    /// All that is there.
    static std::optional<std::string_view> parse(std::string_view text) { return text; }
};

/// Any text, for a handler that keeps it.
template <>
struct PathParameter<std::string> {
    /// A copy of all that is there.
    static std::optional<std::string> parse(std::string_view text) { return std::string{text}; }
};

/// An integer type that stands for numbers: neither bool nor a character.
template <typename T>
concept IsNumber = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
                   !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

/// Decimal digits and nothing else, behind a '-' where the type has one, of a number that fits into it. Zeros in
/// front are taken: "007" is 7.
template <IsNumber T>
struct PathParameter<T> {
    /// The number; none where the text is none, or it does not fit.
    static std::optional<T> parse(std::string_view text) {
        T value{};
        const char* const last = text.data() + text.size();
        const auto [end, error] = std::from_chars(text.data(), last, value);
        if (error != std::errc{} || end != last) return std::nullopt;
        return value;
    }
};

}  // namespace fcgi_worker
