/// A store for tests of the handlers: one thread, no owner's rows seen by another, gone with the test.
/// What PgStore promises beyond that has its own tests, against PostgreSQL.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fcgi_worker/problem.hpp>

#include "store.hpp"

namespace todo {

class MemoryStore : public Store {
public:
    std::size_t maximum_todos = 1000;
    bool unavailable = false;  ///< Each call throws Unavailable.

    /// From here on a request with this key is under way, and does not end.
    void begin(OwnerId owner, const std::string& key) { keys_[{owner, key}].running = true; }

    std::vector<Todo> list(OwnerId owner, const ListQuery& query, Budget) override {
        throw_if_unavailable();
        std::vector<Todo> found;
        for (const auto& [place, row] : rows_) {
            const bool fits = !query.completed || row.todo.content.completed == *query.completed;
            if (place.first == owner && !row.deleted && fits) found.push_back(row.todo);
        }
        const auto rank = [&query](TodoId id, std::optional<std::int64_t> order) {
            if (query.sort == Sort::kById) order.reset();
            return std::tuple{!order, order.value_or(0), id};
        };
        const auto rank_of = [&rank](const Todo& todo) { return rank(todo.id, todo.content.order); };
        std::sort(found.begin(), found.end(),
                  [&](const Todo& left, const Todo& right) { return rank_of(left) < rank_of(right); });
        if (query.after) {
            const auto place = rank(query.after->id, query.after->order);
            std::erase_if(found, [&](const Todo& todo) { return rank_of(todo) <= place; });
        }
        if (found.size() > query.limit) found.resize(query.limit);
        return found;
    }

    std::optional<Todo> find(OwnerId owner, TodoId id, Budget) override {
        throw_if_unavailable();
        const Row* row = live_row(owner, id);
        return row == nullptr ? std::nullopt : std::optional{row->todo};
    }

    WriteResult create(OwnerId owner, TodoId id, const Content& content, const std::optional<WriteKey>& key,
                       Budget) override {
        return once(owner, key, id, [&] { return insert(owner, id, content); });
    }

    WriteResult replace(OwnerId owner, TodoId id, const Content& content, const Preconditions& conditions,
                        const std::optional<WriteKey>& key, Budget) override {
        return once(owner, key, id, [&]() -> WriteResult {
            Row* row = live_row(owner, id);
            if (row == nullptr) {
                if (conditions.if_match) return {Outcome::kMismatch, 0, {}};
                if (conditions.unchanged != ReadOnlyFields{}) return {Outcome::kReadOnly, 0, {}};
                return insert(owner, id, content);
            }
            if (conditions.if_none_match_any) return {Outcome::kMismatch, 0, {}};
            return update(*row, content, conditions);
        });
    }

    WriteResult patch(OwnerId owner, TodoId id, const Changes& changes, const Preconditions& conditions,
                      const std::optional<WriteKey>& key, Budget) override {
        return once(owner, key, id, [&]() -> WriteResult {
            Row* row = live_row(owner, id);
            if (row == nullptr) return {Outcome::kAbsent, 0, {}};
            Content content = row->todo.content;
            content.title = changes.title.value_or(content.title);
            content.completed = changes.completed.value_or(content.completed);
            content.order = changes.order.value_or(content.order);
            content.notes = changes.notes.value_or(content.notes);
            return update(*row, content, conditions);
        });
    }

    WriteResult remove(OwnerId owner, TodoId id, const Preconditions& conditions, const std::optional<WriteKey>& key,
                       Budget) override {
        return once(owner, key, std::nullopt, [&]() -> WriteResult {
            const auto found = rows_.find({owner, id});
            if (found == rows_.end()) return {Outcome::kAbsent, 0, {}};
            Row& row = found->second;
            if (!row.deleted && !holds(conditions, row.todo)) return {Outcome::kMismatch, 0, {}};
            row.deleted = true;
            return {Outcome::kDeleted, 0, {}};
        });
    }

    WriteResult remove_all(OwnerId owner, std::optional<bool> completed, const std::optional<WriteKey>& key,
                           Budget) override {
        return once(owner, key, std::nullopt, [&]() -> WriteResult {
            for (auto& [place, row] : rows_) {
                const bool fits = !completed || row.todo.content.completed == *completed;
                if (place.first == owner && fits) row.deleted = true;
            }
            return {Outcome::kDeleted, 0, {}};
        });
    }

private:
    struct Row {
        Todo todo;
        bool deleted = false;
    };
    struct KeyRow {
        std::string digest;
        std::optional<TodoId> id;
        int status = 0;
        bool running = false;
    };

    void throw_if_unavailable() const {
        if (unavailable) throw fcgi_worker::Unavailable("the test says so");
    }

    Row* live_row(OwnerId owner, TodoId id) {
        const auto found = rows_.find({owner, id});
        return found == rows_.end() || found->second.deleted ? nullptr : &found->second;
    }

    static bool holds(const Preconditions& conditions, const Todo& todo) {
        return !conditions.if_match || conditions.if_match->matches(entity_tag(todo));
    }

    static bool is_unchanged(const ReadOnlyFields& sent, const Todo& todo) {
        return sent.created_at.value_or(todo.created_at) == todo.created_at &&
               sent.updated_at.value_or(todo.updated_at) == todo.updated_at &&
               sent.version.value_or(todo.version) == todo.version;
    }

    WriteResult insert(OwnerId owner, TodoId id, const Content& content) {
        if (rows_.size() >= maximum_todos) return {Outcome::kTooMany, 0, {}};
        now_ += std::chrono::milliseconds{1};
        Row& row = rows_[{owner, id}];
        row = Row{Todo{id, content, now_, now_, 1}, false};
        return {Outcome::kCreated, 0, row.todo};
    }

    WriteResult update(Row& row, const Content& content, const Preconditions& conditions) {
        if (!holds(conditions, row.todo)) return {Outcome::kMismatch, 0, {}};
        if (!is_unchanged(conditions.unchanged, row.todo)) return {Outcome::kReadOnly, 0, row.todo};
        if (row.todo.content != content) {
            now_ += std::chrono::milliseconds{1};
            row.todo = Todo{row.todo.id, content, row.todo.created_at, now_, row.todo.version + 1};
        }
        return {Outcome::kReplaced, 0, row.todo};
    }

    /// Runs `write` unless the key says that it ran before; what succeeded is kept under the key.
    WriteResult once(OwnerId owner, const std::optional<WriteKey>& key, std::optional<TodoId> id,
                     const std::function<WriteResult()>& write) {
        throw_if_unavailable();
        if (!key) return write();
        if (const auto found = keys_.find({owner, key->key}); found != keys_.end()) {
            const KeyRow& row = found->second;
            if (row.running) return {Outcome::kKeyRunning, 0, {}};
            if (row.digest != key->digest) return {Outcome::kKeyReused, 0, {}};
            if (!row.id) return {Outcome::kReplayed, row.status, {}};
            const Row* kept = live_row(owner, *row.id);
            if (kept == nullptr) return {Outcome::kReplayedGone, row.status, {}};
            return {Outcome::kReplayed, row.status, kept->todo};
        }
        WriteResult result = write();
        const int status = result.outcome == Outcome::kCreated    ? 201
                           : result.outcome == Outcome::kReplaced ? 200
                           : result.outcome == Outcome::kDeleted  ? 204
                                                                  : 0;
        if (status != 0) keys_[{owner, key->key}] = KeyRow{key->digest, id, status, false};
        return result;
    }

    std::map<std::pair<OwnerId, TodoId>, Row> rows_;
    std::map<std::pair<OwnerId, std::string>, KeyRow> keys_;
    Timestamp now_{std::chrono::milliseconds{1'769'847'300'123}};  // 2026-01-31T08:15:00.123Z
};

}  // namespace todo
