#include "wire.hpp"

#include <cstddef>
#include <optional>
#include <utility>

#include "fields.hpp"
#include "json_object.hpp"

namespace todo {
namespace {

Content to_content(Changes&& changes) {
    return Content{.title = std::move(changes.title).value_or(std::string{}),
                   .completed = changes.completed.value_or(false),
                   .order = changes.order.value_or(std::nullopt),
                   .notes = std::move(changes.notes).value_or(std::string{})};
}

/// Of a todo's URL what stands before its id, in JSON.
std::string url_before_id(std::string_view todos_url) {
    std::string json;
    append_json_string(json, todos_url);
    json.back() = '/';
    return json;
}

/// Without a string of its own for each member: for a list of ten that is 3 of the worker's 47 us.
void append_todo(std::string& json, const Todo& todo, std::string_view url_start) {
    json += R"({"id":")";
    todo.id.value.append_to(json);
    json += R"(","url":)";
    json += url_start;
    todo.id.value.append_to(json);
    json += R"(","title":)";
    append_json_string(json, todo.content.title);
    json += R"(,"completed":)";
    json += todo.content.completed ? "true" : "false";
    json += R"(,"order":)";
    json += todo.content.order ? std::to_string(*todo.content.order) : "null";
    json += R"(,"notes":)";
    append_json_string(json, todo.content.notes);
    json += R"(,"created_at":")";
    append(json, todo.created_at);
    json += R"(","updated_at":")";
    append(json, todo.updated_at);
    json += R"(","version":)";
    json += std::to_string(todo.version);
    json += '}';
}

}  // namespace

Content parse_new_todo(std::string_view body) {
    return to_content(read_fields(parse_json_object(body), BodyKind::kWhole, std::nullopt).changes);
}

Replacement parse_replacement(std::string_view body, TodoId id, std::string_view url) {
    Patch patch = read_fields(parse_json_object(body), BodyKind::kWhole, Addressee{id, url});
    return {to_content(std::move(patch.changes)), patch.unchanged};
}

Patch parse_patch(std::string_view body, TodoId id, std::string_view url) {
    return read_fields(parse_json_object(body), BodyKind::kPatch, Addressee{id, url});
}

std::string to_json(const Todo& todo, std::string_view todos_url) {
    std::string json;
    append_todo(json, todo, url_before_id(todos_url));
    return json;
}

std::string to_json(const std::vector<Todo>& todos, std::string_view todos_url) {
    constexpr std::size_t kUsual = 400;  // a todo without long texts: more is a copy of what was written so far
    std::string json = "[";
    json.reserve(todos.size() * kUsual);
    const std::string url = url_before_id(todos_url);
    for (const Todo& todo : todos) {
        if (json.size() > 1) json += ',';
        append_todo(json, todo, url);
    }
    json += ']';
    return json;
}

}  // namespace todo
