/// What the query of a request says to its handler. An unknown or repeated parameter is refused: a typo in
/// `DELETE /v1/todos?complete=true` must not delete all.
///
/// Threads: functions without state.
/// Errors:  fcgi_worker::Problem, 400 invalid-query.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store.hpp"

namespace todo {

inline constexpr std::size_t kMaximumLimit = 200;  ///< Todos in one answer; full ones are 5 MB, usual ones 60 KB.

/// Of `GET /v1/todos`: limit, cursor, completed and sort.
[[nodiscard]] ListQuery parse_list_query(std::string_view query);

/// The query that asks for what comes after `cursor`, else for the same as `query`, which has been parsed before.
[[nodiscard]] std::string next_page_query(std::string_view query, std::string_view cursor);

/// Of `DELETE /v1/todos`: completed alone.
[[nodiscard]] std::optional<bool> parse_completed_query(std::string_view query);

/// Of all others.
void refuse_query(std::string_view query);

}  // namespace todo
