/// Where todos are kept. The one implementation that serves is PgStore; a test may have another.
///
/// Each call acts for one owner and sees nobody else's rows. A deleted todo is absent to all of them.
///
/// Threads: every member may be called from any thread.
/// Errors:  every member may throw fcgi_worker::Unavailable; then a write may have happened or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fcgi_worker/deadline.hpp>

#include "etag.hpp"
#include "todo.hpp"

namespace todo {

using fcgi_worker::Budget;

enum class Sort { kById, kByOrder };  ///< By creation, or by order (none last), then id.

/// A place in a list: right behind this todo.
struct Position {
    TodoId id;
    std::optional<std::int64_t> order = {};  ///< Counts where the list is sorted by it.
    bool operator==(const Position&) const = default;
};

struct ListQuery {
    Sort sort = Sort::kById;
    std::optional<bool> completed = {};  ///< None: both.
    std::optional<Position> after = {};  ///< None: from the start.
    std::size_t limit = 50;  ///< 1..200 from clients; handlers ask for one more to see whether there is one.
};

/// The client's Idempotency-Key and what the request was, so that a repeat is known as one.
struct WriteKey {
    std::string key = {};
    std::string digest = {};  ///< SHA-256 over method, path, query and body, in hexadecimal digits.
};

/// What must hold for a write to happen.
struct Preconditions {
    std::optional<TagCondition> if_match = {};
    bool if_none_match_any = false;  ///< If-None-Match: *
    ReadOnlyFields unchanged = {};   ///< What the client sent back, to be compared.
};

enum class Outcome {
    kCreated,
    kReplaced,      ///< Or patched.
    kDeleted,       ///< Also when it was deleted already.
    kAbsent,        ///< There is none, and never was for a delete.
    kMismatch,      ///< A precondition does not hold.
    kReadOnly,      ///< A read-only field is not as it was; `todo` shows what it is.
    kTooMany,       ///< The owner has as many todos as allowed.
    kReplayed,      ///< The key was used for this very request before; `todo` is as it is now.
    kReplayedGone,  ///< The same, and the todo has been deleted since.
    kKeyReused,     ///< The key was used for another request.
    kKeyRunning,    ///< A request with this key is under way.
};

struct WriteResult {
    Outcome outcome = Outcome::kAbsent;
    int first_status = 0;  ///< Of a replay: the status of the first answer.
    std::optional<Todo> todo =
        {};  ///< After kCreated, kReplaced, kReplayed (where the write was not a delete), kReadOnly.
};

class Store {
public:
    virtual ~Store() = default;

    [[nodiscard]] virtual std::vector<Todo> list(OwnerId owner, const ListQuery& query, Budget budget) = 0;
    [[nodiscard]] virtual std::optional<Todo> find(OwnerId owner, TodoId id, Budget budget) = 0;

    /// kCreated, kTooMany, kReplayed, kReplayedGone, kKeyReused, kKeyRunning.
    virtual WriteResult create(OwnerId owner, TodoId id, const Content& content, const std::optional<WriteKey>& key,
                               Budget budget) = 0;

    /// Creates or replaces: each Outcome but kDeleted and kAbsent.
    virtual WriteResult replace(OwnerId owner, TodoId id, const Content& content, const Preconditions& preconditions,
                                const std::optional<WriteKey>& key, Budget budget) = 0;

    /// kReplaced, kAbsent, kMismatch, kReadOnly and those of the key. A patch that changes nothing keeps the version.
    virtual WriteResult patch(OwnerId owner, TodoId id, const Changes& changes, const Preconditions& preconditions,
                              const std::optional<WriteKey>& key, Budget budget) = 0;

    /// kDeleted, kAbsent, kMismatch and those of the key but kReplayedGone. Of the preconditions only If-Match counts.
    virtual WriteResult remove(OwnerId owner, TodoId id, const Preconditions& preconditions,
                               const std::optional<WriteKey>& key, Budget budget) = 0;

    /// Deletes all of them, or those that are `completed` or not: kDeleted and those of the key but kReplayedGone.
    virtual WriteResult remove_all(OwnerId owner, std::optional<bool> completed, const std::optional<WriteKey>& key,
                                   Budget budget) = 0;
};

}  // namespace todo
