/// How the library speaks: it calls a function of yours, and has no logger of its own.
///
/// Threads: the function is called from any thread of the library, at the same time.
/// Errors:  it must not throw.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fcgi_worker {

/// How much an entry matters.
enum class LogLevel {
    kDebug,    ///< For who looks for a fault.
    kInfo,     ///< What happens as it should.
    kWarning,  ///< What is got over: a database that is away, a request that took long.
    kError,    ///< What should not happen: a handler that fails, no descriptor that is left.
};

/// What differs from one entry to the next: a name, and a text or a number.
struct LogField {
    /// A text.
    LogField(std::string_view field_name, std::string text) : name(field_name), value(std::move(text)) {}
    /// The same.
    LogField(std::string_view field_name, const char* text) : name(field_name), value(text) {}
    /// A whole number.
    LogField(std::string_view field_name, std::integral auto number)
        : name(field_name), value(std::to_string(number)), is_number(true) {}
    /// With three digits behind the point: milliseconds to the microsecond.
    LogField(std::string_view field_name, double number);

    std::string_view name;   ///< A constant.
    std::string value;       ///< Of a number: as JSON writes it.
    bool is_number = false;  ///< Then JSON has it without quotes.
};

/// One event.
struct LogEntry {
    LogLevel level;                ///< How much it matters.
    std::string_view message;      ///< A constant text, so that equal events can be counted.
    std::vector<LogField> fields;  ///< What differs.

    /// "message name=value name=value", for people.
    [[nodiscard]] std::string text() const;
};

/// Yours: it gets each entry. Where it is empty, nothing does.
using Log = std::function<void(const LogEntry&)>;

/// Says nothing; for tests and for programs that want no log.
inline void log_nothing(const LogEntry& /*entry*/) {}

}  // namespace fcgi_worker
