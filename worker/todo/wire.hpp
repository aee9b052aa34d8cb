/// Todos as JSON, in both directions.
///
/// 400 for what json_object.hpp refuses. 422 with a pointer for each fault: wrong types, values out of range, unknown
/// and read-only fields.
///
/// Threads: functions without state.
/// Errors:  parse_* throw fcgi_worker::Problem.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "todo.hpp"

namespace todo {

/// A PUT: the new content, and the read-only fields that came with it. Those that are known without
/// the database, id and url, have been compared already.
struct Replacement {
    Content content;
    ReadOnlyFields unchanged;
};

/// A PATCH, in the same way.
struct Patch {
    Changes changes;
    ReadOnlyFields unchanged;
};

[[nodiscard]] Content parse_new_todo(std::string_view body);
[[nodiscard]] Replacement parse_replacement(std::string_view body, TodoId id, std::string_view url);
[[nodiscard]] Patch parse_patch(std::string_view body, TodoId id, std::string_view url);

/// `todos_url` is the absolute URL of the collection; a todo's own is below it.
[[nodiscard]] std::string to_json(const Todo& todo, std::string_view todos_url);
[[nodiscard]] std::string to_json(const std::vector<Todo>& todos, std::string_view todos_url);

}  // namespace todo
