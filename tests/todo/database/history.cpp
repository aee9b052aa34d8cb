/// The check goes through the events of a todo in the order of time, and keeps every world that the answers so far
/// allow: how the row may be, and which of the operations that are under way have happened already. When an operation
/// ends, it must have happened in all of them; where it has not yet, it does now, before or behind any of the
/// others under way. No world left: no order explains the answer. Versions keep the worlds few.
#include "history.hpp"

#include <algorithm>
#include <map>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fcgi_worker/problem.hpp>

namespace todo::tests {
namespace {

using std::chrono::milliseconds;
using Operations = std::vector<const Operation*>;

/// The time of a write whose answer nobody has seen yet is known from below only.
struct Stamp {
    Timestamp at = {};
    bool is_known = false;  ///< Else it is `at` or later.

    bool operator==(const Stamp&) const = default;

    /// Whether it can be `seen`, and is from here on.
    bool agrees_with(Timestamp seen) {
        if (is_known ? seen != at : seen < at) return false;
        *this = {seen, true};
        return true;
    }
};

struct Row {
    enum class Life { kNever, kLives, kDeleted };

    Life life = Life::kNever;
    Content content = {};
    std::int64_t version = 0;
    Stamp created_at = {};  ///< A tombstone has it too: the next life begins later.
    Stamp updated_at = {};

    bool operator==(const Row&) const = default;

    /// `version` is the row's, or the one before. Who sends a tag has seen its life: of one that nobody saw it is not.
    [[nodiscard]] bool matches(const TagCondition& condition, std::int64_t tagged_version) const {
        if (condition.any) return true;
        const Todo tagged{
            .id = {}, .content = {}, .created_at = created_at.at, .updated_at = {}, .version = tagged_version};
        return created_at.is_known && condition.matches(entity_tag(tagged));
    }
};

/// What a store that does one thing at a time answers, and the row that it leaves behind.
struct Step {
    std::optional<Outcome> outcome;
    Row row;
};

Step begin_life(const Row& row, const Content& content) {
    const Stamp later{row.life == Row::Life::kNever ? Timestamp{} : row.created_at.at + milliseconds{1}, false};
    return {Outcome::kCreated, {Row::Life::kLives, content, 1, later, later}};
}

Step change(const Row& row, const Content& content) {
    if (content == row.content) return {Outcome::kReplaced, row};
    return {Outcome::kReplaced, {row.life, content, row.version + 1, row.created_at, {row.updated_at.at, false}}};
}

Step replace(const Row& row, const Operation& operation) {
    const std::optional<TagCondition>& if_match = operation.preconditions.if_match;
    if (row.life != Row::Life::kLives) {
        return if_match ? Step{Outcome::kMismatch, row} : begin_life(row, operation.content);
    }
    if (operation.preconditions.if_none_match_any) return {Outcome::kMismatch, row};
    if (if_match && !row.matches(*if_match, row.version)) {
        // The tag was right before this very content was written: RFC 9110, 13.1.1.
        const bool is_done = row.matches(*if_match, row.version - 1) && operation.content == row.content;
        return {is_done ? Outcome::kReplaced : Outcome::kMismatch, row};
    }
    return change(row, operation.content);
}

Step patch(const Row& row, const Operation& operation) {
    const std::optional<TagCondition>& if_match = operation.preconditions.if_match;
    if (row.life != Row::Life::kLives) return {Outcome::kAbsent, row};
    if (if_match && !row.matches(*if_match, row.version)) return {Outcome::kMismatch, row};
    Content content = row.content;
    content.title = operation.changes.title.value_or(content.title);
    content.completed = operation.changes.completed.value_or(content.completed);
    content.order = operation.changes.order.value_or(content.order);
    content.notes = operation.changes.notes.value_or(content.notes);
    return change(row, content);
}

Step remove(const Row& row, const Operation& operation) {
    const std::optional<TagCondition>& if_match = operation.preconditions.if_match;
    if (row.life == Row::Life::kNever) return {Outcome::kAbsent, row};
    if (row.life == Row::Life::kDeleted) return {Outcome::kDeleted, row};
    if (if_match && !row.matches(*if_match, row.version)) return {Outcome::kMismatch, row};
    return {Outcome::kDeleted, {Row::Life::kDeleted, {}, 0, row.created_at, {}}};
}

Step step(const Row& row, const Operation& operation) {
    switch (operation.kind) {
        case Kind::kFind:
            break;
        case Kind::kReplace:
            return replace(row, operation);
        case Kind::kPatch:
            return patch(row, operation);
        case Kind::kRemove:
            return remove(row, operation);
    }
    return {std::nullopt, row};
}

/// The row after the operation, with the times that the answer tells; none where the answer would have been another.
std::optional<Row> row_after(const Row& row, const Operation& operation) {
    auto [outcome, after] = step(row, operation);
    if (!operation.answer) return after;

    const std::optional<Todo>& todo = operation.answer->todo;
    const bool shows_it =
        outcome ? outcome == Outcome::kCreated || outcome == Outcome::kReplaced : after.life == Row::Life::kLives;
    if (operation.answer->outcome != outcome || todo.has_value() != shows_it) return std::nullopt;
    if (!todo) return after;

    const bool is_it = todo->id == operation.id && todo->content == after.content && todo->version == after.version &&
                       (todo->version > 1 || todo->created_at == todo->updated_at) &&
                       after.created_at.agrees_with(todo->created_at) && after.updated_at.agrees_with(todo->updated_at);
    return is_it ? std::optional{after} : std::nullopt;
}

struct World {
    Operations happened = {};  ///< Of those under way, in the order of their addresses.
    Row row = {};

    bool operator==(const World&) const = default;

    [[nodiscard]] bool has(const Operation* operation) const {
        return std::binary_search(happened.begin(), happened.end(), operation);
    }
    void add(const Operation* operation) {
        happened.insert(std::upper_bound(happened.begin(), happened.end(), operation), operation);
    }
    void erase(const Operation* operation) { std::erase(happened, operation); }

    /// Lets happen what now has its answer and no effect: later it would have neither another answer nor an effect, and
    /// be no less in the way of the others. But a remove of what is deleted already might be the one that deletes the
    /// next life; and an answer that tells a time that was not known yet has an effect.
    void settle(const Operations& under_way) {
        for (const Operation* next : under_way) {
            if (has(next) || !next->answer || next->answer->outcome == Outcome::kDeleted) continue;
            if (row_after(row, *next) == row) add(next);
        }
    }
};

using Worlds = std::vector<World>;

/// A dozen are much already. More of them take removes that overlap by the dozen, or as many writes without an answer.
constexpr std::size_t kMostWorlds = 10'000;

void add_new(Worlds& worlds, World world) {
    if (std::find(worlds.begin(), worlds.end(), world) == worlds.end()) worlds.push_back(std::move(world));
}

/// The worlds in which `ended` has happened, and after it is forgotten: nothing is under way but the others.
Worlds worlds_after(Worlds worlds, const Operation* ended, const Operations& under_way) {
    Worlds after;
    for (std::size_t i = 0; i < worlds.size(); ++i) {  // grows meanwhile
        if (i == kMostWorlds) throw std::runtime_error("too much overlaps to judge the history");
        World world = worlds[i];
        world.settle(under_way);
        if (world.has(ended)) {
            world.erase(ended);
            add_new(after, std::move(world));
            continue;
        }
        for (const Operation* next : under_way) {
            if (world.has(next)) continue;
            const std::optional<Row> row = row_after(world.row, *next);
            if (!row || (!next->answer && *row == world.row)) continue;  // without answer and effect: it never happened
            World then{world.happened, *row};
            then.add(next);
            then.settle(under_way);
            add_new(worlds, std::move(then));
        }
    }
    return after;
}

struct Event {
    Moment moment;
    bool is_end;  ///< Of two at the same moment the beginning is first: what might overlap does.
    const Operation* operation;

    bool operator<(const Event& other) const {
        return std::pair{moment, is_end} < std::pair{other.moment, other.is_end};
    }
};

std::map<TodoId, std::vector<Event>> events_by_todo(const History& history) {
    std::map<TodoId, std::vector<Event>> todos;
    for (const Operation& operation : history) {
        if (!operation.answer && operation.kind == Kind::kFind) continue;  // says nothing
        std::vector<Event>& events = todos[operation.id];
        events.push_back({operation.began, false, &operation});
        if (operation.answer) events.push_back({operation.ended, true, &operation});
    }
    for (auto& [id, events] : todos) std::sort(events.begin(), events.end());
    return todos;
}

std::string text_of(const Content& content) {
    std::string text = "{\"" + content.title + '"' + (content.completed ? ", completed" : "");
    if (content.order) text += ", order " + std::to_string(*content.order);
    return text + ", \"" + content.notes + "\"}";
}

std::string text_of(const Changes& changes) {
    std::string text = "{";
    if (changes.title) text += "title=\"" + *changes.title + "\" ";
    if (changes.completed) text += *changes.completed ? "completed=true " : "completed=false ";
    if (changes.order) text += "order=" + (*changes.order ? std::to_string(**changes.order) : "none") + ' ';
    if (changes.notes) text += "notes=\"" + *changes.notes + "\" ";
    if (text.back() == ' ') text.pop_back();
    return text + '}';
}

std::string text_of(const Answer& answer) {
    static const std::map<Outcome, std::string> kNames{{Outcome::kCreated, "created"},
                                                       {Outcome::kReplaced, "replaced"},
                                                       {Outcome::kDeleted, "deleted"},
                                                       {Outcome::kAbsent, "absent"},
                                                       {Outcome::kMismatch, "mismatch"}};
    std::string text = "found";
    if (answer.outcome) {
        const auto name = kNames.find(*answer.outcome);
        text = name != kNames.end() ? name->second : "outcome " + std::to_string(static_cast<int>(*answer.outcome));
    }
    if (answer.todo) return text + ' ' + entity_tag(*answer.todo) + ' ' + text_of(answer.todo->content);
    return text + (answer.outcome ? "" : " none");
}

std::string text_of(const Operation& operation, Moment zero) {
    static const std::map<Kind, std::string> kNames{
        {Kind::kFind, "find"}, {Kind::kReplace, "replace"}, {Kind::kPatch, "patch"}, {Kind::kRemove, "remove"}};
    const auto microseconds = [zero](Moment moment) {
        return std::chrono::duration_cast<std::chrono::microseconds>(moment - zero).count();
    };
    std::ostringstream text;
    text << "  thread " << operation.thread << ", " << microseconds(operation.began) << ".."
         << (operation.answer ? std::to_string(microseconds(operation.ended)) : "?")
         << " us: " << kNames.at(operation.kind);
    if (const auto& if_match = operation.preconditions.if_match) {
        text << " If-Match:" << (if_match->any ? " *" : "");
        for (const EntityTag& tag : if_match->tags) text << ' ' << tag;
    }
    if (operation.preconditions.if_none_match_any) text << " If-None-Match: *";
    if (operation.kind == Kind::kReplace) text << ' ' << text_of(operation.content);
    if (operation.kind == Kind::kPatch) text << ' ' << text_of(operation.changes);
    text << " -> " << (operation.answer ? text_of(*operation.answer) : "unavailable") << "\n";
    return text.str();
}

std::string text_of(const World& world, Moment zero) {
    if (world.row.life == Row::Life::kNever) return "  never was\n";
    std::string text =
        world.row.life == Row::Life::kDeleted ? "  deleted" : "  version " + std::to_string(world.row.version);
    text += ", created at ";
    text += world.row.created_at.is_known ? std::to_string(world.row.created_at.at.time_since_epoch().count()) : "?";
    if (world.row.life == Row::Life::kLives) text += ' ' + text_of(world.row.content);
    text += world.happened.empty() ? "\n" : ", and of those under way had happened:\n";
    for (const Operation* operation : world.happened) text += "  " + text_of(*operation, zero);
    return text;
}

/// The events of one todo up to the one that cannot be explained.
std::string describe(const std::vector<Event>& events, std::size_t at, const Worlds& before,
                     const Operations& under_way) {
    constexpr std::size_t kAnswersBefore = 12;
    constexpr std::size_t kWorldsShown = 4;
    const Moment zero = events.front().moment;
    const Operation* ended = events[at].operation;

    std::string text = "todo " + ended->id.value.to_string() + ": no order explains this answer:\n" +
                       text_of(*ended, zero) + "under way at its end:\n";
    for (const Operation* operation : under_way) {
        if (operation != ended) text += text_of(*operation, zero);
    }
    text += "answered before, the latest first:\n";
    for (std::size_t i = at, shown = 0; i-- > 0 && shown < kAnswersBefore;) {
        if (!events[i].is_end) continue;
        text += text_of(*events[i].operation, zero);
        ++shown;
    }
    text += "how the row could have been before:\n";
    for (std::size_t i = 0; i < std::min(before.size(), kWorldsShown); ++i) text += text_of(before[i], zero);
    if (before.size() > kWorldsShown)
        text += "  or as in " + std::to_string(before.size() - kWorldsShown) + " others\n";
    return text;
}

std::optional<std::string> find_violation_of_one(const std::vector<Event>& events) {
    Worlds worlds{World{}};
    Operations under_way;
    for (std::size_t at = 0; at < events.size(); ++at) {
        const Operation* operation = events[at].operation;
        if (!events[at].is_end) {
            under_way.push_back(operation);
            continue;
        }
        Worlds after = worlds_after(worlds, operation, under_way);
        if (after.empty()) return describe(events, at, worlds, under_way);
        worlds = std::move(after);
        std::erase(under_way, operation);
    }
    return std::nullopt;
}

Answer ask(Store& store, OwnerId owner, const Operation& asked) {
    const Budget budget{fcgi_worker::deadline_after(std::chrono::seconds{20})};  // only what hangs ever reaches it
    WriteResult result;
    switch (asked.kind) {
        case Kind::kFind:
            return {std::nullopt, store.find(owner, asked.id, budget)};
        case Kind::kReplace:
            result = store.replace(owner, asked.id, asked.content, asked.preconditions, std::nullopt, budget);
            break;
        case Kind::kPatch:
            result = store.patch(owner, asked.id, asked.changes, asked.preconditions, std::nullopt, budget);
            break;
        case Kind::kRemove:
            result = store.remove(owner, asked.id, asked.preconditions, std::nullopt, budget);
            break;
    }
    return {result.outcome, std::move(result.todo)};
}

}  // namespace

void perform(Store& store, OwnerId owner, Operation& operation) {
    operation.began = std::chrono::steady_clock::now();
    try {
        operation.answer = ask(store, owner, operation);
    } catch (const fcgi_worker::Unavailable&) {
        operation.answer.reset();
    }
    operation.ended = std::chrono::steady_clock::now();
}

std::optional<std::string> find_violation(const History& history) {
    for (const auto& [id, events] : events_by_todo(history)) {
        if (auto violation = find_violation_of_one(events)) return violation;
    }
    return std::nullopt;
}

std::size_t count_overlaps(const History& history) {
    std::size_t overlaps = 0;
    for (const auto& [id, events] : events_by_todo(history)) {
        std::size_t under_way = 0;
        for (const Event& event : events) {
            if (!event.operation->answer) continue;  // who knows until when
            if (event.is_end) {
                --under_way;
            } else {
                overlaps += under_way++;
            }
        }
    }
    return overlaps;
}

}  // namespace todo::tests
