#include "pg_text.hpp"

#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>

#include "timestamp.hpp"

namespace todo {
namespace {

template <typename Integer>
Integer read_integer(std::string_view text) {
    Integer value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        throw std::runtime_error("no integer in a row: " + std::string{text});
    }
    return value;
}

/// Digits and one hyphen between them: nothing that an array literal would have to escape.
bool is_our_tag(std::string_view tag) {
    const auto is_digits = [](std::string_view text) {
        return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    };
    const auto hyphen = tag.find('-');
    return hyphen != std::string_view::npos && is_digits(tag.substr(0, hyphen)) && is_digits(tag.substr(hyphen + 1));
}

}  // namespace

std::string_view require_text(const Rows& rows, std::size_t row, std::size_t column) {
    const auto value = rows.at(row, column);
    if (!value) {
        throw std::runtime_error("NULL in column " + std::to_string(column));
    }
    return *value;
}

Uuid read_uuid(std::string_view text) {
    const auto uuid = Uuid::parse(text);
    if (!uuid) {
        throw std::runtime_error("no UUID in a row: " + std::string{text});
    }
    return *uuid;
}

std::int64_t read_number(std::string_view text) { return read_integer<std::int64_t>(text); }

Parameter to_parameter(std::optional<bool> value) {
    if (!value) {
        return std::nullopt;
    }
    return *value ? "t" : "f";
}

Parameter to_parameter(std::optional<std::int64_t> value) {
    if (!value) {
        return std::nullopt;
    }
    return std::to_string(*value);
}

Parameter to_parameter(std::optional<Timestamp> value) {
    if (!value) {
        return std::nullopt;
    }
    return to_string(*value);
}

Parameter to_parameter(const std::optional<TagCondition>& condition) {
    if (!condition || condition->any) {
        return std::nullopt;
    }
    std::string array = "{";
    for (const EntityTag& tag : condition->tags) {
        if (is_our_tag(tag)) {
            array += array.size() > 1 ? "," : "";
            array += tag;
        }
    }
    return array + "}";
}

Todo read_todo(const Rows& rows, std::size_t row, std::size_t first) {
    Todo todo;
    todo.id = TodoId{read_uuid(require_text(rows, row, first))};
    todo.content.title = require_text(rows, row, first + 1);
    todo.content.completed = require_text(rows, row, first + 2) == "t";
    if (const auto order = rows.at(row, first + 3)) {
        todo.content.order = read_number(*order);
    }
    todo.content.notes = require_text(rows, row, first + 4);
    todo.created_at = read_timestamp(require_text(rows, row, first + 5));
    todo.updated_at = read_timestamp(require_text(rows, row, first + 6));
    todo.version = read_number(require_text(rows, row, first + 7));
    return todo;
}

Timestamp read_timestamp(std::string_view text) {
    // PostgreSQL leaves out zeros at the end of the fraction, and the fraction where all of it is zero.
    constexpr std::string_view kZone = "+00";
    constexpr std::size_t kSeconds = 19;  // up to here it is "2026-01-31 08:15:00"
    if (text.size() < kSeconds + kZone.size() || text.substr(text.size() - kZone.size()) != kZone) {
        throw std::runtime_error("no timestamp in UTC in a row: " + std::string{text});
    }
    const auto part = [&](std::size_t begin, std::size_t count) {
        return read_integer<int>(text.substr(begin, count));
    };

    const std::chrono::year_month_day date{std::chrono::year{part(0, 4)},
                                           std::chrono::month{static_cast<unsigned>(part(5, 2))},
                                           std::chrono::day{static_cast<unsigned>(part(8, 2))}};
    int milliseconds = 0;
    if (text[kSeconds] == '.') {
        std::string fraction{text.substr(kSeconds + 1, text.size() - kZone.size() - kSeconds - 1)};
        fraction.resize(3, '0');
        milliseconds = read_integer<int>(fraction);
    }
    return std::chrono::sys_days{date} + std::chrono::hours{part(11, 2)} + std::chrono::minutes{part(14, 2)} +
           std::chrono::seconds{part(17, 2)} + std::chrono::milliseconds{milliseconds};
}

}  // namespace todo
