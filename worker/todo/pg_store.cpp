#include "pg_store.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "pg_text.hpp"
#include "statements.hpp"

namespace todo {
namespace {

using fcgi_worker::pq::Parameters;
using fcgi_worker::pq::SqlError;

/// What the statements' words mean.
constexpr std::array<std::pair<std::string_view, Outcome>, 10> kWords{{
    {"created", Outcome::kCreated},
    {"replaced", Outcome::kReplaced},
    {"deleted", Outcome::kDeleted},
    {"absent", Outcome::kAbsent},
    {"mismatch", Outcome::kMismatch},
    {"read_only", Outcome::kReadOnly},
    {"too_many", Outcome::kTooMany},
    {"replayed", Outcome::kReplayed},
    {"key_reused", Outcome::kKeyReused},
    {"running", Outcome::kKeyRunning},
}};

constexpr std::size_t kTodoColumn = 2;  // behind the word and the status
constexpr int kNoContent = 204;

Outcome outcome_of(std::string_view word) {
    for (const auto& [known, outcome] : kWords) {
        if (known == word) {
            return outcome;
        }
    }
    throw std::logic_error("a statement answers with an unknown word: " + std::string{word});
}

WriteResult read_result(const Rows& rows) {
    WriteResult result;
    result.outcome = outcome_of(rows.at(0, 0).value_or(""));
    result.first_status = std::stoi(std::string{rows.at(0, 1).value_or("0")});
    // A delete answers with neither todo nor columns for one.
    const bool has_todo = result.outcome == Outcome::kCreated || result.outcome == Outcome::kReplaced ||
                          result.outcome == Outcome::kReadOnly ||
                          (result.outcome == Outcome::kReplayed && result.first_status != kNoContent);
    if (has_todo && rows.at(0, kTodoColumn)) {
        result.todo = read_todo(rows, 0, kTodoColumn);
    } else if (has_todo && result.outcome == Outcome::kReplayed) {
        result.outcome = Outcome::kReplayedGone;
    }
    return result;
}

Parameter key_of(const std::optional<WriteKey>& key) { return key ? Parameter{key->key} : std::nullopt; }
Parameter digest_of(const std::optional<WriteKey>& key) { return key ? Parameter{"\\x" + key->digest} : std::nullopt; }

}  // namespace

PgStore::PgStore(fcgi_worker::pq::Pool& pool, std::size_t max_todos) : pool_(pool), max_todos_(max_todos) {}

std::vector<Todo> PgStore::list(OwnerId owner, const ListQuery& query, Budget budget) {
    // Before the first page stand the zero UUID, which is no todo's id, and the smallest bigint, which is no order.
    const Uuid last_id = query.after ? query.after->id.value : Uuid{};
    Rows rows = [&] {
        if (query.sort == Sort::kById) {
            return read(kListById,
                        {owner.value.to_string(), last_id.to_string(), to_parameter(query.completed),
                         std::to_string(query.limit)},
                        budget);
        }
        const std::int64_t last_order = query.after
                                            ? query.after->order.value_or(std::numeric_limits<std::int64_t>::max())
                                            : std::numeric_limits<std::int64_t>::min();
        return read(kListByOrder,
                    {owner.value.to_string(), std::to_string(last_order), last_id.to_string(),
                     to_parameter(query.completed), std::to_string(query.limit)},
                    budget);
    }();

    std::vector<Todo> todos;
    todos.reserve(rows.size());
    for (std::size_t row = 0; row < rows.size(); ++row) {
        todos.push_back(read_todo(rows, row, 0));
    }
    return todos;
}

std::optional<Todo> PgStore::find(OwnerId owner, TodoId id, Budget budget) {
    const Rows rows = read(kFind, {owner.value.to_string(), id.value.to_string()}, budget);
    if (rows.empty()) {
        return std::nullopt;
    }
    return read_todo(rows, 0, 0);
}

WriteResult PgStore::create(OwnerId owner, TodoId id, const Content& content, const std::optional<WriteKey>& key,
                            Budget budget) {
    return write(
        kCreate,
        {owner.value.to_string(), id.value.to_string(), key_of(key), digest_of(key), std::to_string(max_todos_),
         content.title, to_parameter(std::optional{content.completed}), to_parameter(content.order), content.notes},
        budget);
}

WriteResult PgStore::replace(OwnerId owner, TodoId id, const Content& content, const Preconditions& preconditions,
                             const std::optional<WriteKey>& key, Budget budget) {
    const ReadOnlyFields& unchanged = preconditions.unchanged;
    return write(
        kReplace,
        {owner.value.to_string(), id.value.to_string(), key_of(key), digest_of(key), std::to_string(max_todos_),
         content.title, to_parameter(std::optional{content.completed}), to_parameter(content.order), content.notes,
         to_parameter(preconditions.if_match), to_parameter(std::optional{preconditions.if_match.has_value()}),
         to_parameter(std::optional{preconditions.if_none_match_any}), to_parameter(unchanged.version),
         to_parameter(unchanged.created_at), to_parameter(unchanged.updated_at)},
        budget);
}

WriteResult PgStore::patch(OwnerId owner, TodoId id, const Changes& changes, const Preconditions& preconditions,
                           const std::optional<WriteKey>& key, Budget budget) {
    const ReadOnlyFields& unchanged = preconditions.unchanged;
    return write(
        kPatch,
        {owner.value.to_string(), id.value.to_string(), key_of(key), digest_of(key), changes.title,
         to_parameter(changes.completed), to_parameter(std::optional{changes.order.has_value()}),
         to_parameter(changes.order.value_or(std::nullopt)), changes.notes, to_parameter(preconditions.if_match),
         to_parameter(unchanged.version), to_parameter(unchanged.created_at), to_parameter(unchanged.updated_at)},
        budget);
}

WriteResult PgStore::remove(OwnerId owner, TodoId id, const Preconditions& preconditions,
                            const std::optional<WriteKey>& key, Budget budget) {
    return write(kRemove,
                 {owner.value.to_string(), id.value.to_string(), key_of(key), digest_of(key),
                  to_parameter(preconditions.if_match)},
                 budget);
}

WriteResult PgStore::remove_all(OwnerId owner, std::optional<bool> completed, const std::optional<WriteKey>& key,
                                Budget budget) {
    return write(kRemoveAll, {owner.value.to_string(), key_of(key), digest_of(key), to_parameter(completed)}, budget);
}

Rows PgStore::read(const Statement& statement, const Parameters& parameters, Budget budget) {
    // It changes nothing, so one that was lost on its way may be asked again. Once: what is lost twice is no accident.
    try {
        return pool_.acquire(budget).execute(statement, parameters);
    } catch (const fcgi_worker::pq::InDoubt&) {
        return pool_.acquire(budget).execute(statement, parameters);
    }
}

WriteResult PgStore::write(const Statement& statement, const Parameters& parameters, Budget budget) {
    // A rival that committed between the statement's snapshot and its locks is visible to the second run. One
    // that comes between twice in a row leaves the decision to the client.
    constexpr int kRuns = 2;
    constexpr std::string_view kUniqueViolation = "23505";
    for (int run = 0; run < kRuns; ++run) {
        try {
            const Rows rows = pool_.acquire(budget).execute(statement, parameters);
            if (!rows.empty()) {
                return read_result(rows);
            }
        } catch (const SqlError& error) {
            if (error.sqlstate() != kUniqueViolation) {
                throw;
            }
        }
    }
    throw fcgi_worker::Unavailable("rivals wrote the same row during each run of " + std::string{statement.name});
}

}  // namespace todo
