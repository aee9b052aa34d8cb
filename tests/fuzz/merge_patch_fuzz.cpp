/// A merge patch (RFC 7396) does what a PUT of the merged todo does. An input is a line with a todo as JSON, which need
/// not be one, then a patch.
///
/// The merging here knows nothing of todos but what docs/api.md says: null takes away an order and empties the notes,
/// and is refused for all others. It works on the text of the values, so that no digit is lost on the way.
#include <algorithm>
#include <boost/json/parse.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcgi_worker/problem.hpp>

#include "fuzz.hpp"
#include "wire.hpp"

namespace fuzz {
namespace {

using todo::Changes;
using todo::Content;

constexpr std::string_view kTodosUrl = "http://localhost/v1/todos";
constexpr std::string_view kBlanks = " \t\r\n";

struct Member {
    std::string name;  ///< As it is written, with its quotes.
    std::string value;
};

// ---- A reading of JSON that is known to be valid: where the members of an object begin and end.

std::string_view trimmed(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

/// Bytes up to the next `end` that stands in no string, object or array; up to the end of the text without one.
std::size_t length_until(std::string_view text, char end) {
    bool is_string = false;
    int depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (is_string) {
            if (c == '\\') ++i;
            if (c == '"') is_string = false;
            continue;
        }
        if (depth == 0 && c == end) return i;
        if (c == '"') is_string = true;
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
    }
    return text.size();
}

std::vector<Member> members_of(std::string_view object) {
    object = trimmed(object);
    object = trimmed(object.substr(1, object.size() - 2));
    std::vector<Member> members;
    while (!object.empty()) {
        const std::size_t name_length = length_until(object, ':');
        const std::string_view name = trimmed(object.substr(0, name_length));
        object.remove_prefix(name_length + 1);
        const std::size_t value_length = length_until(object, ',');
        members.push_back({std::string{name}, std::string{trimmed(object.substr(0, value_length))}});
        object.remove_prefix(std::min(object.size(), value_length + 1));
    }
    return members;
}

std::string unescaped(const std::string& name) { return std::string{boost::json::parse(name).as_string()}; }

// ---- Merging

/// The todo as it would be sent whole after the merge. None where the patch takes away what cannot go.
std::optional<std::string> merged(const todo::Todo& todo, const std::vector<Member>& patch) {
    std::vector<Member> whole = members_of(todo::to_json(todo, kTodosUrl));
    for (Member member : patch) {
        const std::string name = unescaped(member.name);
        if (member.value == "null") {
            if (name != "order" && name != "notes") return std::nullopt;
            if (name == "notes") member.value = R"("")";
        }
        const auto same = std::find_if(whole.begin(), whole.end(),
                                       [&name](const Member& one) { return unescaped(one.name) == name; });
        if (same == whole.end()) {
            whole.push_back(member);
        } else {
            same->value = member.value;
        }
    }
    std::string json;
    for (const Member& member : whole) {
        json.append(json.empty() ? "{" : ",").append(member.name).append(":").append(member.value);
    }
    return json + '}';
}

Content changed(Content content, const Changes& changes) {
    content.title = changes.title.value_or(content.title);
    content.completed = changes.completed.value_or(content.completed);
    content.order = changes.order.value_or(content.order);
    content.notes = changes.notes.value_or(content.notes);
    return content;
}

/// What `parse` makes of a body. None where it is refused as no todo; what is no JSON has been left out before.
template <typename Parse>
auto parsed(Parse parse) -> std::optional<decltype(parse())> {
    try {
        return parse();
    } catch (const fcgi_worker::Problem& problem) {
        expect(problem.status() == 422 && !problem.errors().empty(), "a patch in JSON is refused with what is wrong");
        return std::nullopt;
    }
}

/// An object of JSON as the service takes it, whatever its fields.
bool is_object(std::string_view body) {
    try {
        (void)todo::parse_patch(body, {}, "");
        return true;
    } catch (const fcgi_worker::Problem& problem) {
        return problem.status() == 422 && !problem.errors().front().pointer.empty();
    }
}

/// The todo that the line describes, as far as it does.
todo::Todo todo_of(std::string_view line, todo::TodoId id, std::string_view url) {
    todo::Todo todo{.id = id, .content = {.title = "water the plants"}, .created_at = {}, .updated_at = {}};
    try {
        todo.content = todo::parse_replacement(line, id, url).content;
    } catch (const fcgi_worker::Problem&) {  // one todo is as good as another
    }
    return todo;
}

}  // namespace

void run(std::string_view input) {
    const todo::TodoId id{};
    const std::string url = std::string{kTodosUrl} + '/' + id.value.to_string();
    const todo::Todo todo = todo_of(take_line(input), id, url);
    if (!is_object(input)) return;

    const auto patch = parsed([&] { return todo::parse_patch(input, id, url); });
    const auto whole = merged(todo, members_of(input));
    const auto put = whole ? parsed([&] { return todo::parse_replacement(*whole, id, url); }) : std::nullopt;
    expect(patch.has_value() == put.has_value(), "a patch is accepted when the merged todo is one");
    if (!patch) return;

    todo::Todo after = todo;
    after.content = changed(todo.content, patch->changes);
    expect(after.content == put->content, "a patch makes the merged todo");
    expect(patch->unchanged.version.value_or(todo.version) == put->unchanged.version &&
               patch->unchanged.created_at.value_or(todo.created_at) == put->unchanged.created_at &&
               patch->unchanged.updated_at.value_or(todo.updated_at) == put->unchanged.updated_at,
           "fields that only the service writes are kept to be compared");
    expect(merged(after, members_of(input)) == merged(todo, members_of(input)),
           "a patch sent twice changes nothing more");
    const auto again = parsed([&] { return todo::parse_patch(todo::to_json(after, kTodosUrl), id, url); });
    expect(again && changed(todo.content, again->changes) == after.content, "what was answered is a patch to itself");
}

}  // namespace fuzz
