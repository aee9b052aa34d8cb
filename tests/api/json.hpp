/// What an answer says in JSON: the one place of the API tests that knows Boost.JSON.
///
/// Threads: functions without state.
/// Errors:  std::runtime_error for a body that is no JSON, or has nothing at the pointer.
#pragma once

#include <string>
#include <vector>

#include "client.hpp"

namespace api {

/// What an RFC 6901 pointer points at, as JSON text without blanks: `"water"`, `1`, `null`.
[[nodiscard]] std::string json_at(const Answer& answer, const std::string& pointer);

/// The same for a text, without its quotes.
[[nodiscard]] std::string text_at(const Answer& answer, const std::string& pointer);

/// The field of each todo in a list, in its order; as JSON text.
[[nodiscard]] std::vector<std::string> each(const Answer& list, const std::string& field);

/// The same text written in one way: `{ "b": 1.0 }` and `{"b":1.0}` are equal.
[[nodiscard]] std::string normal(const std::string& json);

/// The answer's body with one field replaced or added.
[[nodiscard]] std::string with_field(const Answer& answer, const std::string& field, const std::string& json);

/// A quoted JSON text.
[[nodiscard]] std::string quoted(const std::string& text);

/// A request and its answer in one line, for who holds them against docs/openapi.yaml.
[[nodiscard]] std::string line_of(const std::string& method, const std::string& target, const Answer& answer);

/// Empty for a problem of that status and code (and with an error of that field, where the pointer is not "-") in the
/// form that all errors have; else what is wrong with it.
[[nodiscard]] std::string fault_of_problem(const Answer& answer, int status, const std::string& code,
                                           const std::string& pointer);

}  // namespace api
