/// Histories: what was asked of a Store by several threads at once, what it answered and when; and whether a store that
/// does one thing at a time could have answered so. If it could, in an order in which what had ended came before what
/// began afterwards, the history is linearizable (Herlihy and Wing, 1990), and no client can tell the two stores apart.
///
/// Each todo is looked at alone: a history is linearizable if that of each of its todos is.
///
/// Threads: functions without state; a RandomClient belongs to one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "store.hpp"

namespace todo::tests {

using Moment = std::chrono::steady_clock::time_point;

enum class Kind { kFind, kReplace, kPatch, kRemove };

struct Answer {
    std::optional<Outcome> outcome = {};  ///< None for a find.
    std::optional<Todo> todo = {};
};

struct Operation {
    Kind kind = Kind::kFind;
    int thread = 0;
    TodoId id = {};
    Content content = {};              ///< Of a replace.
    Changes changes = {};              ///< Of a patch.
    Preconditions preconditions = {};  ///< If-Match and If-None-Match alone.
    Moment began = {};
    Moment ended = {};
    std::optional<Answer> answer = {};  ///< None: the store was unavailable. A write has happened, or will, or never.
};

using History = std::vector<Operation>;

/// Asks the store, and notes when and what it answered. Throws what the store throws but Unavailable.
void perform(Store& store, OwnerId owner, Operation& operation);

/// What the first answer is that no order explains, with what happened around it, for people to read; none where the
/// history is linearizable. Todos begin as ids that never were.
[[nodiscard]] std::optional<std::string> find_violation(const History& history);

/// How many pairs of operations on the same todo were under way at the same time.
[[nodiscard]] std::size_t count_overlaps(const History& history);

/// One thread's random operations: what they are hangs on the seed, and on the tags that it has seen. Some titles are
/// everybody's, so that the same is written twice; most are nobody else's.
class RandomClient {
public:
    RandomClient(std::uint32_t seed, int thread, const std::vector<TodoId>& ids) : thread_(thread), ids_(ids) {
        std::seed_seq seeds{seed, static_cast<std::uint32_t>(thread)};
        random_.seed(seeds);
    }

    History run(Store& store, OwnerId owner, std::size_t operations) {
        History history;
        for (std::size_t i = 0; i < operations; ++i) {
            Operation operation = next();
            perform(store, owner, operation);
            if (operation.answer && operation.answer->todo) seen_[operation.id].push_back(*operation.answer->todo);
            if (operation.kind == Kind::kReplace) last_replace_ = operation;
            history.push_back(std::move(operation));
        }
        return history;
    }

private:
    Operation next() {
        const int kind = below(100);
        if (kind >= 97 && last_replace_) return *last_replace_;  // as a proxy may send it twice
        Operation operation{.thread = thread_,
                            .id = ids_[static_cast<std::size_t>(below(static_cast<int>(ids_.size())))]};
        operation.kind = kind < 30   ? Kind::kFind
                         : kind < 55 ? Kind::kReplace
                         : kind < 85 ? Kind::kPatch
                                     : Kind::kRemove;
        operation.content = {.title = title(), .completed = below(2) == 0, .order = below(3), .notes = title()};
        if (below(2) == 0) operation.changes.title = title();
        if (below(2) == 0) operation.changes.completed = below(2) == 0;
        if (below(3) == 0) operation.changes.order = below(2) == 0 ? std::optional<std::int64_t>{} : below(3);
        if (operation.kind == Kind::kFind) return operation;

        const std::vector<Todo>& seen = seen_[operation.id];
        const int condition = below(10);
        if (condition < 4 && !seen.empty()) {
            const int back = std::min(condition, static_cast<int>(seen.size()) - 1);
            const Todo& known = seen[seen.size() - 1 - static_cast<std::size_t>(back)];
            operation.preconditions.if_match = TagCondition{.any = false, .tags = {entity_tag(known)}};
        } else if (condition == 4) {
            operation.preconditions.if_match = TagCondition{.any = true, .tags = {}};
        } else if (condition == 5 && operation.kind == Kind::kReplace) {
            operation.preconditions.if_none_match_any = true;
        }
        return operation;
    }

    std::string title() {
        if (below(4) == 0) return "everybody's";
        return std::to_string(thread_) + '-' + std::to_string(++titles_);
    }
    int below(int limit) { return std::uniform_int_distribution<int>{0, limit - 1}(random_); }

    int thread_;
    std::vector<TodoId> ids_;
    std::mt19937_64 random_;
    int titles_ = 0;
    std::map<TodoId, std::vector<Todo>> seen_;
    std::optional<Operation> last_replace_;
};

}  // namespace todo::tests
