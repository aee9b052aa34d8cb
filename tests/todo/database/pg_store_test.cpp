// The store against a real PostgreSQL: what each write leaves behind, and what rivals see of each other.
#include "pg_store.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "database_test.hpp"

namespace todo::tests {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

constexpr std::size_t kConnections = 8;
constexpr std::size_t kFewTodos = 5;

const WriteKey kKey{"a-key", std::string(64, 'a')};
const WriteKey kSameKeyOtherRequest{"a-key", std::string(64, 'b')};

class PgStoreTest : public testing::Test {
protected:
    static void SetUpTestSuite() {
        pool_ = std::make_unique<Pool>(patient("STACK_WORKER_DSN", kConnections, catalogue()));
    }
    static void TearDownTestSuite() { pool_.reset(); }

    Todo given_todo(const Content& content) {
        return store.create(owner, new_id(), content, std::nullopt, soon()).todo.value();
    }
    Todo given_todo(const std::string& title) { return given_todo(Content{.title = title}); }

    std::vector<std::string> titles(const ListQuery& query) {
        std::vector<std::string> found;
        for (const Todo& todo : store.list(owner, query, soon())) {
            found.push_back(todo.content.title);
        }
        return found;
    }

    WriteResult replace(TodoId id, const Content& content, const Preconditions& preconditions = {},
                        const std::optional<WriteKey>& key = {}) {
        return store.replace(owner, id, content, preconditions, key, soon());
    }
    WriteResult patch(TodoId id, const Changes& changes, const Preconditions& preconditions = {},
                      const std::optional<WriteKey>& key = {}) {
        return store.patch(owner, id, changes, preconditions, key, soon());
    }
    WriteResult remove(TodoId id, const Preconditions& preconditions = {}, const std::optional<WriteKey>& key = {}) {
        return store.remove(owner, id, preconditions, key, soon());
    }

    static Preconditions if_match(const Todo& todo) {
        return {.if_match = TagCondition{.any = false, .tags = {entity_tag(todo)}}};
    }

    /// Runs `work` in as many threads as there are connections, and counts by outcome.
    template <typename Work>
    static std::map<Outcome, int> at_once(Work work) {
        std::array<Outcome, kConnections> outcomes{};
        std::vector<std::thread> threads;
        threads.reserve(outcomes.size());
        for (Outcome& outcome : outcomes) {
            threads.emplace_back([&outcome, &work] { outcome = work(); });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        std::map<Outcome, int> counts;
        for (const Outcome outcome : outcomes) {
            ++counts[outcome];
        }
        return counts;
    }

    static std::unique_ptr<Pool> pool_;
    const OwnerId owner = new_owner();
    PgStore store{*pool_, {.shards = shards(), .max_todos = kFewTodos}};
};

std::unique_ptr<Pool> PgStoreTest::pool_;

struct Create : PgStoreTest {};

TEST_F(Create, StoresWhatItIsGivenAndStartsAtVersionOne) {
    const Content content{.title = "water the plants 🌱", .completed = true, .order = -7, .notes = "a\nb \"c\" \\ {}"};

    const Todo created = given_todo(content);

    EXPECT_EQ(created.content, content);
    EXPECT_EQ(created.version, 1);
    EXPECT_EQ(created.created_at, created.updated_at);
    EXPECT_THAT(store.find(owner, created.id, soon()), Optional(created));
}

TEST_F(Create, KeepsTheLargestOrderExactly) {
    EXPECT_EQ(given_todo(Content{.title = "last", .order = kOrderLimit}).content.order, kOrderLimit);
    EXPECT_EQ(given_todo(Content{.title = "first", .order = -kOrderLimit}).content.order, -kOrderLimit);
}

TEST_F(Create, StopsAtTheMostTodosThatAnOwnerMayHave) {
    for (std::size_t i = 0; i < kFewTodos; ++i) {
        given_todo("one of a few");
    }
    const WriteResult refused = store.create(owner, new_id(), Content{.title = "too many"}, std::nullopt, soon());
    EXPECT_EQ(refused.outcome, Outcome::kTooMany);
    EXPECT_EQ(store.list(owner, {}, soon()).size(), kFewTodos);
}

TEST_F(Create, HasRoomAgainAfterADelete) {
    for (std::size_t i = 1; i < kFewTodos; ++i) {
        given_todo("one of a few");
    }
    remove(given_todo("makes room").id);
    EXPECT_EQ(store.create(owner, new_id(), Content{.title = "fits"}, {}, soon()).outcome, Outcome::kCreated);
}

TEST_F(Create, WithAKeyHappensOnce) {
    const WriteResult first = store.create(owner, new_id(), Content{.title = "once"}, kKey, soon());
    const WriteResult second = store.create(owner, new_id(), Content{.title = "once"}, kKey, soon());

    EXPECT_EQ(second.outcome, Outcome::kReplayed);
    EXPECT_EQ(second.first_status, 201);
    EXPECT_EQ(second.todo, first.todo);
    EXPECT_THAT(titles({}), ElementsAre("once"));
}

TEST_F(Create, WithAKeyHappensOnceAlsoWhenAllTryAtTheSameMoment) {
    const auto counts =
        at_once([&] { return store.create(owner, new_id(), Content{.title = "once"}, kKey, soon()).outcome; });

    EXPECT_EQ(counts.at(Outcome::kCreated), 1);
    EXPECT_THAT(titles({}), ElementsAre("once"));
}

TEST_F(Create, WithAKeyOfAnotherRequestIsRefused) {
    store.create(owner, new_id(), Content{.title = "first"}, kKey, soon());
    EXPECT_EQ(store.create(owner, new_id(), Content{.title = "second"}, kSameKeyOtherRequest, soon()).outcome,
              Outcome::kKeyReused);
    EXPECT_THAT(titles({}), ElementsAre("first"));
}

TEST_F(Create, KnowsNothingOfTheKeysOfOtherOwners) {
    store.create(owner, new_id(), Content{.title = "mine"}, kKey, soon());
    EXPECT_EQ(store.create(new_owner(), new_id(), Content{.title = "theirs"}, kKey, soon()).outcome, Outcome::kCreated);
}

TEST_F(Create, IsReplayedAsTheTodoIsNow) {
    const Todo first = store.create(owner, new_id(), Content{.title = "before"}, kKey, soon()).todo.value();
    patch(first.id, {.title = "after"});

    const WriteResult replayed = store.create(owner, new_id(), Content{.title = "before"}, kKey, soon());

    EXPECT_EQ(replayed.todo.value().content.title, "after");
}

TEST_F(Create, IsNotRepeatedWhenItsTodoHasBeenDeleted) {
    const Todo first = store.create(owner, new_id(), Content{.title = "gone"}, kKey, soon()).todo.value();
    remove(first.id);

    EXPECT_EQ(store.create(owner, new_id(), Content{.title = "gone"}, kKey, soon()).outcome, Outcome::kReplayedGone);
    EXPECT_THAT(titles({}), IsEmpty());
}

struct Replace : PgStoreTest {};

TEST_F(Replace, CreatesWhatIsNotThere) {
    const TodoId id = new_id();
    EXPECT_EQ(replace(id, Content{.title = "new"}).outcome, Outcome::kCreated);
    EXPECT_EQ(store.find(owner, id, soon()).value().version, 1);
}

TEST_F(Replace, CountsTheVersionUpAndKeepsTheTimeOfCreation) {
    const Todo before = given_todo("before");

    const Todo after = replace(before.id, Content{.title = "after"}).todo.value();

    EXPECT_EQ(after.version, 2);
    EXPECT_EQ(after.created_at, before.created_at);
    EXPECT_GE(after.updated_at, before.updated_at);
}

TEST_F(Replace, WritesNothingWhereNothingChanges) {
    const Todo before = given_todo("the same");
    EXPECT_EQ(replace(before.id, before.content).todo, before);
}

TEST_F(Replace, WithATagThatDoesNotMatchChangesNothing) {
    const Todo before = given_todo("before");
    patch(before.id, {.title = "meanwhile"});

    EXPECT_EQ(replace(before.id, Content{.title = "late"}, if_match(before)).outcome, Outcome::kMismatch);
    EXPECT_THAT(titles({}), ElementsAre("meanwhile"));
}

TEST_F(Replace, WithTagsThatAreNotOursMatchesNothing) {
    const Todo before = given_todo("before");
    const Preconditions strange{.if_match = TagCondition{.any = false, .tags = {"{}'\"\\,", ""}}};
    EXPECT_EQ(replace(before.id, Content{.title = "after"}, strange).outcome, Outcome::kMismatch);
}

TEST_F(Replace, ThatMustMatchDoesNotCreate) {
    const Preconditions exists{.if_match = TagCondition{.any = true, .tags = {}}};
    EXPECT_EQ(replace(new_id(), Content{.title = "new"}, exists).outcome, Outcome::kMismatch);
}

TEST_F(Replace, ThatMustCreateDoesNotReplace) {
    const Todo there = given_todo("there");
    EXPECT_EQ(replace(there.id, Content{.title = "after"}, {.if_none_match_any = true}).outcome, Outcome::kMismatch);
}

TEST_F(Replace, TellsAReadOnlyFieldThatWasChangedFromOneThatWasNot) {
    const Todo there = given_todo("there");
    const ReadOnlyFields as_it_is{there.created_at, there.updated_at, there.version};
    const ReadOnlyFields changed{std::nullopt, there.updated_at + milliseconds{1}, std::nullopt};

    EXPECT_EQ(replace(there.id, Content{.title = "a"}, {.unchanged = changed}).outcome, Outcome::kReadOnly);
    EXPECT_EQ(replace(there.id, Content{.title = "b"}, {.unchanged = as_it_is}).outcome, Outcome::kReplaced);
}

TEST_F(Replace, OfADeletedTodoNeverRepeatsAnEntityTag) {
    const Todo first = given_todo("first life");
    remove(first.id);

    const WriteResult revived = replace(first.id, Content{.title = "second life"}, {.if_none_match_any = true});

    EXPECT_EQ(revived.outcome, Outcome::kCreated);
    EXPECT_EQ(revived.todo.value().version, 1);
    EXPECT_NE(entity_tag(revived.todo.value()), entity_tag(first));
    EXPECT_GT(revived.todo.value().created_at, first.created_at);
}

TEST_F(Replace, CreatesOnceWhenAllTryAtTheSameMoment) {
    const TodoId id = new_id();
    const auto counts = at_once([&] { return replace(id, Content{.title = "same"}).outcome; });
    EXPECT_EQ(counts.at(Outcome::kCreated), 1);
    EXPECT_EQ(counts.at(Outcome::kReplaced), static_cast<int>(kConnections) - 1);
}

TEST_F(Replace, WithAKeyIsReplayedWithItsFirstStatus) {
    const TodoId id = new_id();
    replace(id, Content{.title = "new"}, {}, kKey);
    const WriteResult replayed = replace(id, Content{.title = "new"}, {}, kKey);
    EXPECT_EQ(replayed.outcome, Outcome::kReplayed);
    EXPECT_EQ(replayed.first_status, 201);
    EXPECT_EQ(replayed.todo.value().version, 1);
}

struct PatchTodo : PgStoreTest {};

TEST_F(PatchTodo, LeavesWhatItDoesNotName) {
    const Todo before = given_todo(Content{.title = "a", .completed = true, .order = 3, .notes = "n"});

    const Todo after = patch(before.id, {.title = "b"}).todo.value();

    EXPECT_EQ(after.content, (Content{.title = "b", .completed = true, .order = 3, .notes = "n"}));
    EXPECT_EQ(after.version, 2);
}

TEST_F(PatchTodo, TellsAnOrderThatIsTakenAwayFromOneThatIsNotNamed) {
    const Todo before = given_todo(Content{.title = "a", .order = 3});
    EXPECT_EQ(patch(before.id, {.completed = true}).todo.value().content.order, 3);
    EXPECT_EQ(patch(before.id, {.order = std::optional<std::int64_t>{}}).todo.value().content.order, std::nullopt);
    EXPECT_EQ(patch(before.id, {.order = 9}).todo.value().content.order, 9);
}

TEST_F(PatchTodo, ThatChangesNothingKeepsTheVersion) {
    const Todo before = given_todo("as it is");
    EXPECT_EQ(patch(before.id, {}).todo, before);
    EXPECT_EQ(patch(before.id, {.title = "as it is", .completed = false}).todo, before);
}

TEST_F(PatchTodo, OfNothingIsAbsent) {
    const Todo deleted = given_todo("deleted");
    remove(deleted.id);
    EXPECT_EQ(patch(new_id(), {.title = "b"}).outcome, Outcome::kAbsent);
    EXPECT_EQ(patch(deleted.id, {.title = "b"}).outcome, Outcome::kAbsent);
}

TEST_F(PatchTodo, WithTheSameTagSucceedsForExactlyOneOfMany) {
    const Todo before = given_todo("before");
    std::atomic<int> number{0};

    const auto counts = at_once([&] {
        const std::string title = "rival " + std::to_string(++number);
        return patch(before.id, {.title = title}, if_match(before)).outcome;
    });

    EXPECT_EQ(counts.at(Outcome::kReplaced), 1);
    EXPECT_EQ(counts.at(Outcome::kMismatch), static_cast<int>(kConnections) - 1);
    EXPECT_EQ(store.find(owner, before.id, soon()).value().version, 2);
}

TEST_F(PatchTodo, LosesNoneOfManyChangesAtOnce) {
    const Todo before = given_todo("before");
    std::atomic<int> number{0};
    at_once([&] { return patch(before.id, {.title = "change " + std::to_string(++number)}).outcome; });
    EXPECT_EQ(store.find(owner, before.id, soon()).value().version, 1 + static_cast<int>(kConnections));
}

struct Remove : PgStoreTest {};

TEST_F(Remove, SucceedsAgainButNotForWhatNeverWas) {
    const Todo there = given_todo("there");
    EXPECT_EQ(remove(there.id).outcome, Outcome::kDeleted);
    EXPECT_EQ(remove(there.id).outcome, Outcome::kDeleted);
    EXPECT_EQ(remove(new_id()).outcome, Outcome::kAbsent);
    EXPECT_EQ(store.find(owner, there.id, soon()), std::nullopt);
}

TEST_F(Remove, LeavesNoContentBehind) {
    const Todo secret = given_todo(Content{.title = "secret", .order = 5, .notes = "secret too"});
    remove(secret.id);

    constexpr Statement kTombstone{
        "tombstone", R"(SELECT title || notes, "order", version FROM todo WHERE owner_id = $1 AND id = $2)"};
    Pool pool{patient("STACK_WORKER_DSN", 1, {kTombstone})};
    const Rows rows = pool.acquire(soon()).execute(kTombstone, {owner.value.to_string(), secret.id.value.to_string()});
    EXPECT_EQ(rows.at(0, 0), "");
    EXPECT_EQ(rows.at(0, 1), std::nullopt);
    EXPECT_EQ(rows.at(0, 2), "2");
}

TEST_F(Remove, WithATagThatDoesNotMatchDeletesNothing) {
    const Todo before = given_todo("before");
    patch(before.id, {.title = "meanwhile"});
    EXPECT_EQ(remove(before.id, if_match(before)).outcome, Outcome::kMismatch);
    EXPECT_THAT(titles({}), ElementsAre("meanwhile"));
}

TEST_F(Remove, TouchesNoOtherOwner) {
    const Todo mine = given_todo("mine");
    EXPECT_EQ(store.remove(new_owner(), mine.id, {}, std::nullopt, soon()).outcome, Outcome::kAbsent);
    EXPECT_THAT(titles({}), ElementsAre("mine"));
}

TEST_F(Remove, WithAKeyIsReplayedAndDoesNotDeleteWhatWasCreatedSince) {
    const Todo first = given_todo("first");
    remove(first.id, {}, kKey);
    replace(first.id, Content{.title = "second"});

    EXPECT_EQ(remove(first.id, {}, kKey).outcome, Outcome::kReplayed);
    EXPECT_THAT(titles({}), ElementsAre("second"));
}

struct RemoveAll : PgStoreTest {};

TEST_F(RemoveAll, TakesTheCompletedOnesAlone) {
    given_todo(Content{.title = "done", .completed = true});
    given_todo("open");
    EXPECT_EQ(store.remove_all(owner, true, std::nullopt, soon()).outcome, Outcome::kDeleted);
    EXPECT_THAT(titles({}), ElementsAre("open"));
}

TEST_F(RemoveAll, TakesAllOfOneOwnerAndNoneOfAnother) {
    const OwnerId other = new_owner();
    store.create(other, new_id(), Content{.title = "theirs"}, std::nullopt, soon());
    given_todo("a");
    given_todo("b");

    store.remove_all(owner, std::nullopt, std::nullopt, soon());

    EXPECT_THAT(titles({}), IsEmpty());
    EXPECT_EQ(store.list(other, {}, soon()).size(), 1U);
}

TEST_F(RemoveAll, WithAKeyLeavesWhatCameLater) {
    given_todo("early");
    store.remove_all(owner, std::nullopt, kKey, soon());
    given_todo("late");
    EXPECT_EQ(store.remove_all(owner, std::nullopt, kKey, soon()).outcome, Outcome::kReplayed);
    EXPECT_THAT(titles({}), ElementsAre("late"));
}

struct List : PgStoreTest {};

TEST_F(List, IsInTheOrderOfCreation) {
    given_todo("a");
    given_todo("b");
    given_todo("c");
    EXPECT_THAT(titles({}), ElementsAre("a", "b", "c"));
    EXPECT_THAT(titles({.limit = 2}), ElementsAre("a", "b"));
}

TEST_F(List, SortedByOrderPutsThoseWithoutOneLast) {
    given_todo("none, early");
    given_todo(Content{.title = "two", .order = 2});
    given_todo(Content{.title = "minus", .order = -kOrderLimit});
    given_todo("none, late");
    given_todo(Content{.title = "most", .order = kOrderLimit});
    EXPECT_THAT(titles({.sort = Sort::kByOrder}), ElementsAre("minus", "two", "most", "none, early", "none, late"));
}

TEST_F(List, GoesOnBehindAPositionInBothOrders) {
    const Todo tie_early = given_todo(Content{.title = "tie, early", .order = 1});
    const Todo tie_late = given_todo(Content{.title = "tie, late", .order = 1});
    const Todo none_early = given_todo("none, early");
    given_todo("none, late");
    const auto behind = [](const Todo& todo) { return Position{todo.id, todo.content.order}; };

    EXPECT_THAT(titles({.after = behind(tie_late)}), ElementsAre("none, early", "none, late"));
    EXPECT_THAT(titles({.sort = Sort::kByOrder, .after = behind(tie_early)}),
                ElementsAre("tie, late", "none, early", "none, late"));
    EXPECT_THAT(titles({.sort = Sort::kByOrder, .after = behind(none_early)}), ElementsAre("none, late"));
}

TEST_F(List, CanBeOfTheCompletedOrOfTheOpen) {
    given_todo(Content{.title = "done", .completed = true});
    given_todo("open");
    EXPECT_THAT(titles({.completed = true}), ElementsAre("done"));
    EXPECT_THAT(titles({.sort = Sort::kByOrder, .completed = false}), ElementsAre("open"));
}

}  // namespace
}  // namespace todo::tests
