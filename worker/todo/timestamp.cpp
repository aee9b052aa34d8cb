#include "timestamp.hpp"

#include <algorithm>
#include <cstddef>

namespace todo {
namespace {

void append_digits(std::string& text, long long value, std::size_t width) {
    const std::string digits = std::to_string(value);
    if (digits.size() < width) text.append(width - digits.size(), '0');
    text += digits;
}

bool is_digit(char character) { return character >= '0' && character <= '9'; }

/// Reads from the front of a text; the first thing that does not fit makes all that follows fail.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    int number(std::size_t width) {
        if (rest_.size() < width || !std::all_of(rest_.begin(), rest_.begin() + width, is_digit)) return fail();
        int value = 0;
        for (const char digit : rest_.substr(0, width)) value = 10 * value + (digit - '0');
        rest_.remove_prefix(width);
        return value;
    }

    /// One of these characters, which is returned.
    char one_of(std::string_view characters) {
        if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return static_cast<char>(fail());
        const char found = rest_.front();
        rest_.remove_prefix(1);
        return found;
    }

    /// The digits of a fraction in milliseconds, where there is one.
    int milliseconds() {
        if (!rest_.starts_with('.')) return 0;
        rest_.remove_prefix(1);
        int value = 0;
        std::size_t digits = 0;
        for (; !rest_.empty() && is_digit(rest_.front()); ++digits, rest_.remove_prefix(1)) {
            if (digits < 3) value = 10 * value + (rest_.front() - '0');
            if (digits >= 3 && rest_.front() != '0') return fail();
        }
        if (digits == 0 || digits > 9) return fail();
        for (; digits < 3; ++digits) value *= 10;
        return value;
    }

    [[nodiscard]] bool fits_to_the_end() const { return fits_ && rest_.empty(); }

private:
    int fail() {
        fits_ = false;
        rest_ = {};
        return 0;
    }

    std::string_view rest_;
    bool fits_ = true;
};

}  // namespace

std::string to_string(Timestamp time) {
    std::string text;
    text.reserve(24);
    append(text, time);
    return text;
}

void append(std::string& text, Timestamp time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};

    append_digits(text, static_cast<int>(date.year()), 4);
    text += '-';
    append_digits(text, static_cast<unsigned>(date.month()), 2);
    text += '-';
    append_digits(text, static_cast<unsigned>(date.day()), 2);
    text += 'T';
    append_digits(text, clock.hours().count(), 2);
    text += ':';
    append_digits(text, clock.minutes().count(), 2);
    text += ':';
    append_digits(text, clock.seconds().count(), 2);
    text += '.';
    append_digits(text, clock.subseconds().count(), 3);
    text += 'Z';
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
    Scanner scanner{text};
    const std::chrono::year year{scanner.number(4)};
    scanner.one_of("-");
    const std::chrono::month month{static_cast<unsigned>(scanner.number(2))};
    scanner.one_of("-");
    const std::chrono::day day{static_cast<unsigned>(scanner.number(2))};
    scanner.one_of("Tt");
    const int hours = scanner.number(2);
    scanner.one_of(":");
    const int minutes = scanner.number(2);
    scanner.one_of(":");
    const int seconds = scanner.number(2);
    const int milliseconds = scanner.milliseconds();

    const char zone = scanner.one_of("Zz+-");
    std::chrono::minutes offset{0};
    if (zone == '+' || zone == '-') {
        const int offset_hours = scanner.number(2);
        scanner.one_of(":");
        const int offset_minutes = scanner.number(2);
        if (offset_hours > 23 || offset_minutes > 59) return std::nullopt;
        offset = std::chrono::minutes{60 * offset_hours + offset_minutes} * (zone == '-' ? -1 : 1);
    }

    const std::chrono::year_month_day date{year, month, day};
    if (!scanner.fits_to_the_end() || !date.ok() || hours > 23 || minutes > 59 || seconds > 59) return std::nullopt;
    const Timestamp time = std::chrono::sys_days{date} + std::chrono::hours{hours} + std::chrono::minutes{minutes} -
                           offset + std::chrono::seconds{seconds} + std::chrono::milliseconds{milliseconds};
    constexpr std::chrono::sys_days kBegin{std::chrono::year{1} / 1 / 1};
    constexpr std::chrono::sys_days kEnd{std::chrono::year{10'000} / 1 / 1};
    if (time < kBegin || time >= kEnd) return std::nullopt;
    return time;
}

}  // namespace todo
