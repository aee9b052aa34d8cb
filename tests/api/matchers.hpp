/// Words for expectations about answers.
///
///     EXPECT_THAT(get("/v1/todos"), Answers(200));
///     EXPECT_THAT(post("/v1/todos", "{}"), IsProblem(422, "invalid-fields", "/title"));
///     EXPECT_THAT(todo, HasField("/completed", "false"));
///     EXPECT_THAT(todo, HasHeader("ETag", StartsWith("\"1-")));
#pragma once

#include <gmock/gmock.h>

#include <ostream>
#include <string>

#include "client.hpp"
#include "json.hpp"

namespace api {

/// How GoogleTest shows an answer.
inline void PrintTo(const Answer& answer, std::ostream* out) {
    *out << answer.status << "\n";
    for (const auto& [name, value] : answer.headers) *out << name << ": " << value << "\n";
    *out << "\n" << answer.body.substr(0, 1000);
}

MATCHER_P(Answers, status, "answers " + testing::PrintToString(status)) { return arg.status == status; }

/// A problem of RFC 9457 in the form that all our errors have, naming nothing of what the service is made of.
MATCHER_P2(IsProblem, status, code, "is the problem " + std::string{code}) {
    const std::string fault = fault_of_problem(arg, status, code, "-");
    *result_listener << fault;
    return fault.empty();
}

/// The same, with an error that points to that field; "" is the whole body.
MATCHER_P3(IsProblem, status, code, pointer, "is the problem " + std::string{code} + " of \"" + pointer + "\"") {
    const std::string fault = fault_of_problem(arg, status, code, pointer);
    *result_listener << fault;
    return fault.empty();
}

/// What the pointer points at equals that JSON text.
MATCHER_P2(HasField, pointer, json, std::string{"has "} + json + " at " + pointer) {
    const std::string found = json_at(arg, pointer);
    *result_listener << "it is " << found;
    return found == normal(json);
}

MATCHER_P2(HasHeader, name, value,
           std::string{"has the header "} + name + " that " + testing::DescribeMatcher<std::string>(value)) {
    const std::string found = arg.header(name);
    *result_listener << "it is `" << found << "`";
    return testing::Matches(value)(found);
}

MATCHER_P(HasNoHeader, name, std::string{"has no header "} + name) { return !arg.has_header(name); }

/// A list with that many todos.
MATCHER_P(HasTodos, count, "has " + testing::PrintToString(count) + " todos") {
    const std::size_t found = each(arg, "id").size();
    *result_listener << "there are " << found;
    return found == static_cast<std::size_t>(count);
}

}  // namespace api
