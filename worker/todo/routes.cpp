#include "routes.hpp"

#include <string>
#include <utility>
#include <vector>

#include "answers.hpp"
#include "cursor.hpp"
#include "faults.hpp"
#include "headers.hpp"
#include "path.hpp"
#include "problems.hpp"
#include "query.hpp"
#include "wire.hpp"

namespace todo {
namespace {

using fcgi_worker::FieldError;
using fcgi_worker::Problem;
using fcgi_worker::Request;
using fcgi_worker::Response;
using fcgi_worker::Router;

/// A request on its way through its handler, and for whom it acts.
struct Call {
    const Request& request;
    Store& store;
    OwnerId owner;
    std::string todos_url;  ///< Absolute; each todo's own url is below it.
};

std::string todo_url(const Call& call, TodoId id) { return call.todos_url + '/' + id.value.to_string(); }

/// 200, or 201 with Location.
Response todo_answer(const Call& call, int status, const Todo& todo) {
    Response response = json_answer(status, to_json(todo, call.todos_url)).with("ETag", quoted(entity_tag(todo)));
    if (status == 201) response.headers.add("Location", todo_url(call, todo.id));
    return response;
}

/// Which of the read-only fields that were `sent` differ from those of the todo; all of them where there is none.
Problem changed_read_only(const ReadOnlyFields& sent, const std::optional<Todo>& todo) {
    std::vector<FieldError> errors;
    const auto compare = [&errors](const char* pointer, const auto& value, const auto& stored) {
        if (value && value != stored) {
            errors.push_back({pointer, "The service sets it: leave it out, or send it back unchanged."});
        }
    };
    compare("/created_at", sent.created_at, todo ? std::optional{todo->created_at} : std::nullopt);
    compare("/updated_at", sent.updated_at, todo ? std::optional{todo->updated_at} : std::nullopt);
    compare("/version", sent.version, todo ? std::optional{todo->version} : std::nullopt);
    return invalid_fields(std::move(errors));
}

/// What is answered to a write, whichever it was.
Response write_answer(const Call& call, const WriteResult& result, const ReadOnlyFields& sent = {}) {
    switch (result.outcome) {
        case Outcome::kCreated:
            return todo_answer(call, 201, result.todo.value());
        case Outcome::kReplaced:
            return todo_answer(call, 200, result.todo.value());
        case Outcome::kDeleted:
            return empty_answer(204);
        case Outcome::kReplayed:
            return (result.todo ? todo_answer(call, result.first_status, *result.todo)
                                : empty_answer(result.first_status))
                .with("Idempotent-Replayed", "true");
        case Outcome::kAbsent:
            throw problems::no_such_todo();
        case Outcome::kMismatch:
            throw problems::precondition_failed();
        case Outcome::kReadOnly:
            throw changed_read_only(sent, result.todo);
        case Outcome::kTooMany:
            throw problems::too_many_todos();
        case Outcome::kReplayedGone:
            throw problems::gone();
        case Outcome::kKeyReused:
            throw problems::idempotency_key_reused();
        case Outcome::kKeyRunning:
            throw problems::request_in_progress();
    }
    throw std::logic_error("a store answered with no known outcome");
}

/// GET /v1/todos?limit=&cursor=&completed=&sort= -> 200, a JSON array; Link to the next page where there is one
///     400 unknown parameter, bad limit or cursor   401 not signed in
Response list_todos(const Call& call) {
    ListQuery query = parse_list_query(call.request.query);
    const std::size_t limit = query.limit++;  // One more shows whether there is a next page.
    std::vector<Todo> todos = call.store.list(call.owner, query, call.request.budget());
    if (todos.size() <= limit) return json_answer(200, to_json(todos, call.todos_url));

    todos.resize(limit);
    const Position last{todos.back().id, todos.back().content.order};
    const std::string next = next_page_query(call.request.query, encode_cursor(query.sort, last));
    return json_answer(200, to_json(todos, call.todos_url))
        .with("Link", '<' + call.todos_url + '?' + next + ">; rel=\"next\"");
}

/// POST /v1/todos -> 201 with Location and ETag
///     400 no JSON, bad header   401 not signed in   409 too many todos   415 not application/json   422 bad field
///     with Idempotency-Key also: 409 still under way   410 deleted since   422 used for another request
Response create_todo(const Call& call) {
    refuse_query(call.request.query);
    require_json(call.request);
    refuse_preconditions(call.request);
    const auto key = write_key(call.request);
    const Content content = parse_new_todo(call.request.body);
    const TodoId id{make_uuid_v7()};
    return write_answer(call, call.store.create(call.owner, id, content, key, call.request.budget()));
}

/// DELETE /v1/todos?completed= -> 204
///     400 unknown parameter, bad header   401 not signed in
///     with Idempotency-Key also: 409 still under way   422 used for another request
Response delete_todos(const Call& call) {
    const auto completed = parse_completed_query(call.request.query);
    refuse_preconditions(call.request);
    const auto key = write_key(call.request);
    return write_answer(call, call.store.remove_all(call.owner, completed, key, call.request.budget()));
}

/// GET /v1/todos/{id} -> 200 with ETag, or 304 if the client's copy is current
///     400 bad header   401 not signed in   404 absent, or someone else's   412 If-Match names another version
Response read_todo(const Call& call, TodoId id) {
    refuse_query(call.request.query);
    const auto wanted = if_match(call.request);
    const auto known = if_none_match(call.request);
    const auto todo = call.store.find(call.owner, id, call.request.budget());
    if (!todo) throw problems::no_such_todo();

    const EntityTag tag = entity_tag(*todo);
    if (wanted && !wanted->matches(tag)) throw problems::precondition_failed();
    if (known && known->matches(tag)) {
        return empty_answer(304).with("ETag", quoted(tag)).with("Cache-Control", "private, no-cache");
    }
    return todo_answer(call, 200, *todo);
}

/// PUT /v1/todos/{id} -> 201 with Location when it is new, 200 when it replaced one; both with ETag
///     as POST   404 malformed id   412 If-Match or If-None-Match: * does not hold
Response replace_todo(const Call& call, TodoId id) {
    refuse_query(call.request.query);
    require_json(call.request);
    Preconditions conditions = put_preconditions(call.request);
    const auto key = write_key(call.request);
    const Replacement replacement = parse_replacement(call.request.body, id, todo_url(call, id));
    conditions.unchanged = replacement.unchanged;
    return write_answer(call,
                        call.store.replace(call.owner, id, replacement.content, conditions, key, call.request.budget()),
                        replacement.unchanged);
}

/// PATCH /v1/todos/{id} -> 200 with ETag; JSON merge patch
///     400 no JSON, bad header   401 not signed in   404 absent, or someone else's   412 If-Match does not hold
///     415 neither application/merge-patch+json nor application/json   422 bad field
///     with Idempotency-Key also: as POST
Response change_todo(const Call& call, TodoId id) {
    refuse_query(call.request.query);
    require_merge_patch(call.request);
    Preconditions conditions = preconditions(call.request);
    const auto key = write_key(call.request);
    const Patch patch = parse_patch(call.request.body, id, todo_url(call, id));
    conditions.unchanged = patch.unchanged;
    return write_answer(call, call.store.patch(call.owner, id, patch.changes, conditions, key, call.request.budget()),
                        patch.unchanged);
}

/// DELETE /v1/todos/{id} -> 204, also when it is deleted already: the web server may have sent it twice
///     400 bad header   401 not signed in   404 never was, or someone else's   412 If-Match does not hold
///     with Idempotency-Key also: 409 still under way   422 used for another request
Response delete_todo(const Call& call, TodoId id) {
    refuse_query(call.request.query);
    const Preconditions conditions = preconditions(call.request);
    const auto key = write_key(call.request);
    return write_answer(call, call.store.remove(call.owner, id, conditions, key, call.request.budget()));
}

}  // namespace

void add_routes(Router& router, Store& store, const ApiOptions& options, const Identify& identify) {
    const auto route = [&]<typename... Ids>(const char* method, const char* pattern,
                                            Response (*handler)(const Call&, Ids...)) {
        router.add(method, pattern, [&store, &options, identify, handler](const Request& request, Ids... ids) {
            const std::string& root = options.public_url.empty() ? request.origin : options.public_url;
            return handler(Call{request, store, identify(request).owner, root + "/v1/todos"}, ids...);
        });
    };
    route("GET", "/v1/todos", list_todos);
    route("POST", "/v1/todos", create_todo);
    route("DELETE", "/v1/todos", delete_todos);
    route("GET", "/v1/todos/{id}", read_todo);
    route("PUT", "/v1/todos/{id}", replace_todo);
    route("PATCH", "/v1/todos/{id}", change_todo);
    route("DELETE", "/v1/todos/{id}", delete_todo);
}

}  // namespace todo
