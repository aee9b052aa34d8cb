/// The body of a POST, PUT or PATCH. An input is a body.
#include <optional>
#include <string>

#include <fcgi_worker/problem.hpp>

#include "fuzz.hpp"
#include "wire.hpp"

namespace fuzz {
namespace {

constexpr std::string_view kTodosUrl = "http://localhost/v1/todos";

/// What `parse` makes of the body. None where it is refused, and then in a way that is documented.
template <typename Parse>
auto parsed(Parse parse) -> std::optional<decltype(parse())> {
    try {
        return parse();
    } catch (const fcgi_worker::Problem& problem) {
        expect(problem.status() == 400 || problem.status() == 422, "a body is refused as no JSON or as no todo");
        expect((problem.status() == 422) == !problem.errors().empty(), "a 422 says what is wrong");
        return std::nullopt;
    }
}

}  // namespace

void run(std::string_view input) {
    const todo::TodoId id{};
    todo::Todo todo;
    const std::string url = std::string{kTodosUrl} + '/' + id.value.to_string();

    const auto content = parsed([&] { return todo::parse_new_todo(input); });
    const auto replacement = parsed([&] { return todo::parse_replacement(input, id, url); });
    const auto patch = parsed([&] { return todo::parse_patch(input, id, url); });
    if (!replacement) {
        expect(!content, "what a POST accepts, a PUT accepts");
        return;
    }
    expect(!content || *content == replacement->content, "a PUT reads a todo as a POST does");
    expect(patch && patch->changes.title == replacement->content.title, "what a PUT accepts, a PATCH accepts");

    todo.content = replacement->content;
    const auto again = parsed([&] { return todo::parse_replacement(todo::to_json(todo, kTodosUrl), id, url); });
    expect(again && again->content == todo.content, "a todo that was answered can be sent back");
    expect(again->unchanged.version == todo.version && again->unchanged.created_at == todo.created_at,
           "with the fields that only the service writes");
}

}  // namespace fuzz
