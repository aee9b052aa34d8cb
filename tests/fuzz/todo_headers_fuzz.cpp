/// What the headers of a request say: entity tags, Idempotency-Key and content type.
///
/// An input is a line with the method, headers NAME=VALUE, an empty line, and the body.
#include <algorithm>
#include <string>
#include <vector>

#include <fcgi_worker/problem.hpp>

#include "fuzz.hpp"
#include "headers.hpp"

namespace fuzz {
namespace {

using fcgi_worker::Request;

/// Whether it accepts the request; what it throws must be a Problem, of one of its kinds.
template <typename Function>
bool accepts(Function function, const Request& request) {
    try {
        (void)function(request);
        return true;
    } catch (const fcgi_worker::Problem& problem) {
        expect(problem.status() == 400 || problem.status() == 415, "a header is refused as bad or as no such type");
        return false;
    }
}

void expect_condition(const std::optional<todo::TagCondition>& condition) {
    if (!condition) return;
    expect(condition->any == condition->tags.empty(), "a condition is * or has tags");
    std::string list;
    for (const std::string& tag : condition->tags) {
        list.append(list.empty() ? "" : ", ").append(todo::quoted(tag));
        expect(condition->matches(tag), "a condition matches its own tags");
    }
    if (condition->any) return;
    const auto again = todo::parse_tag_condition(list);
    expect(again && again->tags == condition->tags, "tags come back from the header that is made of them");
}

/// What may stand between the quotes of a tag, of any text.
void expect_tag(std::string tag) {
    std::erase_if(tag, [](char c) { return (c >= '\0' && c <= ' ') || c == '"' || c == '\x7F'; });
    const auto condition = todo::parse_tag_condition("W/" + todo::quoted(tag) + ", " + todo::quoted(tag));
    expect(condition && condition->tags == std::vector{tag, tag}, "a tag is taken as it is");
}

void expect_key(const std::optional<todo::WriteKey>& key) {
    if (!key) return;
    expect(!key->key.empty() && key->key.size() <= 255, "a key is short");
    expect(std::all_of(key->key.begin(), key->key.end(), [](char c) { return c > ' ' && c < '\x7F'; }),
           "a key can be seen");
}

}  // namespace

void run(std::string_view input) {
    Request request;
    request.method = take_line(input);
    request.headers = take_fields(input);
    request.body = input;
    expect_tag(request.body);

    const bool has_match = accepts(todo::if_match, request);
    const bool has_none_match = accepts(todo::if_none_match, request);
    if (has_match) expect_condition(todo::if_match(request));
    if (has_none_match) expect_condition(todo::if_none_match(request));
    if (accepts(todo::write_key, request)) expect_key(todo::write_key(request));
    if (accepts(todo::put_preconditions, request)) {
        expect(has_match && has_none_match, "a PUT reads conditions as all do");
        expect(todo::put_preconditions(request).if_none_match_any == todo::if_none_match(request).has_value(),
               "of If-None-Match a PUT takes * alone");
    }
    if (accepts(todo::preconditions, request)) {
        expect(has_match && !todo::if_none_match(request), "other writes have no If-None-Match");
    }
    if (accepts(todo::refuse_preconditions, request)) {
        expect(!todo::if_match(request) && !todo::if_none_match(request), "a write to the list has no condition");
    }
    if (accepts(todo::require_json, request)) {
        expect(accepts(todo::require_merge_patch, request), "a PATCH takes JSON too");
    }
}

}  // namespace fuzz
