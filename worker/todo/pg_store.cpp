#include "pg_store.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "pg_text.hpp"
#include "shard.hpp"
#include "spread_statements.hpp"
#include "statements.hpp"

namespace todo {
namespace {

using fcgi_worker::pq::CombinerCounts;
using fcgi_worker::pq::CombinerOptions;
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

/// How many todos the owner had, where a statement that may count them did.
std::optional<std::size_t> read_owned(const Rows& rows) {
    constexpr std::size_t kOwnedColumn = kTodoColumn + 8;
    const auto text = rows.at(0, kOwnedColumn);
    return text ? std::optional{std::stoul(std::string{*text})} : std::nullopt;
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

/// What a write has for itself: the key, and the todo where it may be another's too.
std::vector<std::string> touches(OwnerId owner, const std::optional<TodoId>& id, const std::optional<WriteKey>& key) {
    std::vector<std::string> names;
    if (id) names.push_back("todo " + owner.value.to_string() + id->value.to_string());
    if (key) names.push_back("key " + owner.value.to_string() + key->key);
    return names;
}

/// The sum of the limits of the lists in one batch: what the server reads for it, and who waits for it, has a bound.
constexpr std::size_t kRowsOfABatch = 500;

CombinerOptions options_for(std::string_view name, const StoreOptions& options) {
    CombinerOptions combiner = options.combiner;
    combiner.combine = std::find(options.combine.begin(), options.combine.end(), name) != options.combine.end();
    if (name == "list") combiner.batch_weight = kRowsOfABatch;
    // A batch of these may have to wait for a row that another process holds: others go past it.
    if (name == "replace" || name == "patch" || name == "delete") {
        combiner.batches_in_flight = std::max<std::size_t>(combiner.batches_in_flight, 2);
    }
    return combiner;
}

}  // namespace

PgStore::PgStore(fcgi_worker::pq::Pool& pool, const StoreOptions& options)
    : pool_(pool),
      shards_(options.shards),
      max_todos_(options.max_todos),
      room_(options.max_todos),
      list_by_id_(pool, form_of(kListById, shards_), options_for("list", options)),
      list_by_order_(pool, form_of(kListByOrder, shards_), options_for("list", options)),
      find_(pool, form_of(kFind, shards_), options_for("get", options)),
      create_(pool, form_of(kCreate, shards_), options_for("create", options)),
      create_keyed_(pool, form_of(kCreateKeyed, shards_), options_for("create", options)),
      replace_(pool, form_of(kReplace, shards_), options_for("replace", options)),
      patch_(pool, form_of(kPatch, shards_), options_for("patch", options)),
      remove_(pool, form_of(kRemove, shards_), options_for("delete", options)) {}

std::vector<Todo> PgStore::list(OwnerId owner, const ListQuery& query, Budget budget) {
    // Before the first page stand the zero UUID, which is no todo's id, and the smallest bigint, which is no order.
    const Uuid last_id = query.after ? query.after->id.value : Uuid{};
    const bool by_id = query.sort == Sort::kById;
    Member member{.parameters = {owner.value.to_string()}, .group = group_of(owner), .weight = query.limit};
    if (!by_id) {
        const std::int64_t last_order = query.after
                                            ? query.after->order.value_or(std::numeric_limits<std::int64_t>::max())
                                            : std::numeric_limits<std::int64_t>::min();
        member.parameters.emplace_back(std::to_string(last_order));
    }
    member.parameters.insert(member.parameters.end(),
                             {last_id.to_string(), to_parameter(query.completed), std::to_string(query.limit)});
    const Rows rows = read(by_id ? list_by_id_ : list_by_order_, member, budget);

    std::vector<Todo> todos;
    todos.reserve(rows.size());
    for (std::size_t row = 0; row < rows.size(); ++row) {
        todos.push_back(read_todo(rows, row, 0));
    }
    return todos;
}

std::optional<Todo> PgStore::find(OwnerId owner, TodoId id, Budget budget) {
    const Rows rows =
        read(find_, {.parameters = {owner.value.to_string(), id.value.to_string()}, .group = group_of(owner)}, budget);
    if (rows.empty()) {
        return std::nullopt;
    }
    return read_todo(rows, 0, 0);
}

WriteResult PgStore::create(OwnerId owner, TodoId id, const Content& content, const std::optional<WriteKey>& key,
                            Budget budget) {
    return within_room(owner, [&](const Parameter& most) {
        Member member{.parameters = {owner.value.to_string(), id.value.to_string()},
                      .touches = touches(owner, std::nullopt, key),  // the id is nobody else's
                      .group = group_of(owner)};
        if (key) member.parameters.insert(member.parameters.end(), {key_of(key), digest_of(key)});
        member.parameters.insert(member.parameters.end(),
                                 {most, content.title, to_parameter(std::optional{content.completed}),
                                  to_parameter(content.order), content.notes});
        return write(key ? create_keyed_ : create_, member, budget);
    });
}

WriteResult PgStore::replace(OwnerId owner, TodoId id, const Content& content, const Preconditions& preconditions,
                             const std::optional<WriteKey>& key, Budget budget) {
    const ReadOnlyFields& unchanged = preconditions.unchanged;
    return within_room(owner, [&](const Parameter& most) {
        const Member member{
            .parameters = {owner.value.to_string(), id.value.to_string(), key_of(key), digest_of(key), most,
                           content.title, to_parameter(std::optional{content.completed}), to_parameter(content.order),
                           content.notes, to_parameter(preconditions.if_match),
                           to_parameter(std::optional{preconditions.if_match.has_value()}),
                           to_parameter(std::optional{preconditions.if_none_match_any}),
                           to_parameter(unchanged.version), to_parameter(unchanged.created_at),
                           to_parameter(unchanged.updated_at)},
            .touches = touches(owner, id, key),
            .group = group_of(owner)};
        return write(replace_, member, budget);
    });
}

WriteResult PgStore::patch(OwnerId owner, TodoId id, const Changes& changes, const Preconditions& preconditions,
                           const std::optional<WriteKey>& key, Budget budget) {
    const ReadOnlyFields& unchanged = preconditions.unchanged;
    const Member member{
        .parameters = {owner.value.to_string(), id.value.to_string(), key_of(key), digest_of(key), changes.title,
                       to_parameter(changes.completed), to_parameter(std::optional{changes.order.has_value()}),
                       to_parameter(changes.order.value_or(std::nullopt)), changes.notes,
                       to_parameter(preconditions.if_match), to_parameter(unchanged.version),
                       to_parameter(unchanged.created_at), to_parameter(unchanged.updated_at)},
        .touches = touches(owner, id, key),
        .group = group_of(owner)};
    return read_result(write(patch_, member, budget));
}

WriteResult PgStore::remove(OwnerId owner, TodoId id, const Preconditions& preconditions,
                            const std::optional<WriteKey>& key, Budget budget) {
    const Member member{.parameters = {owner.value.to_string(), id.value.to_string(), key_of(key), digest_of(key),
                                       to_parameter(preconditions.if_match)},
                        .touches = touches(owner, id, key),
                        .group = group_of(owner)};
    return read_result(write(remove_, member, budget));
}

WriteResult PgStore::remove_all(OwnerId owner, std::optional<bool> completed, const std::optional<WriteKey>& key,
                                Budget budget) {
    return read_result(write([&] {
        return pool_.acquire(budget).execute(
            kRemoveAll, {owner.value.to_string(), key_of(key), digest_of(key), to_parameter(completed)});
    }));
}

std::vector<std::pair<std::string, CombinerCounts>> PgStore::counts() const {
    return {{"list_by_id", list_by_id_.counts()},
            {"list_by_order", list_by_order_.counts()},
            {"get", find_.counts()},
            {"create", create_.counts()},
            {"create_keyed", create_keyed_.counts()},
            {"replace", replace_.counts()},
            {"patch", patch_.counts()},
            {"delete", remove_.counts()}};
}

std::uint64_t PgStore::group_of(OwnerId owner) const { return shards_ == 0 ? 0 : shard_of(owner, shards_); }

Rows PgStore::read(Combiner& combiner, const Member& member, Budget budget) {
    // It changes nothing, so one that was lost on its way may be asked again. Once: what is lost twice is no accident.
    try {
        return combiner.execute(member, budget);
    } catch (const fcgi_worker::pq::InDoubt&) {
        return combiner.execute(member, budget);
    }
}

/// For what may create one more todo. Counts the owner's where it is not known that there is room.
WriteResult PgStore::within_room(OwnerId owner, const std::function<Rows(const Parameter& most)>& execute) {
    const bool has_room = room_.take(owner);
    const Rows rows = execute(has_room ? Parameter{} : std::to_string(max_todos_));
    WriteResult result = read_result(rows);
    if (has_room && result.outcome != Outcome::kCreated) room_.give_back(owner);
    if (!has_room) {
        if (const auto owned = read_owned(rows)) room_.note(owner, *owned);
    }
    return result;
}

Rows PgStore::write(Combiner& combiner, const Member& member, Budget budget) {
    return write([&] { return combiner.execute(member, budget); });
}

Rows PgStore::write(const std::function<Rows()>& execute) {
    // A rival that committed between the statement's snapshot and its locks is visible to the second run. One
    // that comes between twice in a row leaves the decision to the client.
    constexpr int kRuns = 2;
    constexpr std::string_view kUniqueViolation = "23505";
    for (int run = 0; run < kRuns; ++run) {
        try {
            Rows rows = execute();
            if (!rows.empty()) {
                return rows;
            }
        } catch (const SqlError& error) {
            if (error.sqlstate() != kUniqueViolation) {
                throw;
            }
        }
    }
    throw fcgi_worker::Unavailable("rivals wrote the same row during each run of a statement");
}

}  // namespace todo
