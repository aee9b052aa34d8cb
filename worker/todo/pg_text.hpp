/// The application's values in PostgreSQL's text format, in both directions.
///
/// Threads: functions without state.
/// Errors:  read_* throw std::runtime_error for text that the catalogue's statements never return: a bug.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <fcgi_worker/pq/statement.hpp>

#include "etag.hpp"
#include "todo.hpp"

namespace todo {

using fcgi_worker::pq::Parameter;
using fcgi_worker::pq::Rows;

[[nodiscard]] Parameter to_parameter(std::optional<bool> value);
[[nodiscard]] Parameter to_parameter(std::optional<std::int64_t> value);
[[nodiscard]] Parameter to_parameter(std::optional<Timestamp> value);

/// The tags of an If-Match as a text array: NULL where any will do. What is no tag of ours is left out: it
/// cannot match.
[[nodiscard]] Parameter to_parameter(const std::optional<TagCondition>& condition);

/// What may not be NULL.
[[nodiscard]] std::string_view require_text(const Rows& rows, std::size_t row, std::size_t column);

[[nodiscard]] Uuid read_uuid(std::string_view text);
[[nodiscard]] std::int64_t read_number(std::string_view text);

/// The todo in eight columns from `first` on: id, title, completed, order, notes, created_at, updated_at, version.
[[nodiscard]] Todo read_todo(const Rows& rows, std::size_t row, std::size_t first);

/// ISO 8601 in UTC, as the session is set: "2026-01-31 08:15:00.12+00".
[[nodiscard]] Timestamp read_timestamp(std::string_view text);

}  // namespace todo
