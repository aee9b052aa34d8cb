/// JSON as the API takes it, strictly, and text as JSON: the one place that knows Boost.JSON.
///
/// 400: what is no JSON of RFC 8259 in UTF-8, a name twice in one object, nesting deeper than 16, a number that no
/// double can hold, \u0000. 422: what is no object.
///
/// Threads: functions without state.
/// Errors:  parse_json_object() throws fcgi_worker::Problem.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json_member.hpp"

namespace todo {

[[nodiscard]] JsonObject parse_json_object(std::string_view body);

/// The objects in the array that an object's member `name` is, for files of the operator's own. As strict, but throws
/// std::runtime_error, one line, for what is none.
[[nodiscard]] std::vector<JsonObject> parse_json_objects(std::string_view text, std::string_view name);

/// With its quotes.
void append_json_string(std::string& json, std::string_view text);

}  // namespace todo
