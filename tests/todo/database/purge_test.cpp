// What the timer removes, and what it must leave.
#include <gmock/gmock.h>

#include "../../patience.hpp"
#include "database_test.hpp"
#include "pg_store.hpp"

namespace todo::tests {
namespace {

/// As the schema's owner: a test cannot wait for a day or a month.
constexpr Statement kAgeKeys{"age_keys", "UPDATE write_key SET created_at = now() - $2::interval WHERE owner_id = $1"};
constexpr Statement kAgeTombstones{"age_tombstones",
                                   "UPDATE todo SET deleted_at = now() - $2::interval WHERE owner_id = $1"};
constexpr Statement kCount{"count_rows", R"(
    SELECT (SELECT count(*) FROM write_key WHERE owner_id = $1), (SELECT count(*) FROM todo WHERE owner_id = $1))"};

struct Purge : testing::Test {
    Pool worker{patient("STACK_WORKER_DSN", 1, catalogue())};
    Pool schema_owner{patient("STACK_OWNER_DSN", 1, {kAgeKeys, kAgeTombstones, kCount})};
    PgStore store{worker, {.shards = shards()}};
    const OwnerId owner = new_owner();
    const std::string owner_id = owner.value.to_string();
    const WriteKey key{"a-key", std::string(64, 'a')};

    Todo given_todo() { return store.create(owner, new_id(), Content{.title = "t"}, key, soon()).todo.value(); }

    /// The tables round to the nearest millisecond: a row of exactly a day may be up to half a millisecond too young.
    void age(const Statement& statement, const std::string& interval) {
        schema_owner.acquire(soon()).execute(statement, {owner_id, interval});
    }
    /// Runs the statement until nothing is left to remove, as the timer does over time. The stack's workers have timers
    /// too: a row that one of them is about to remove is left to it, and is there until it has.
    void purge(const Statement& statement) {
        while (worker.acquire(soon()).execute(form_of(statement, shards()), {"1000"}).at(0, 0) != "0") {
        }
    }
    std::pair<std::string, std::string> keys_and_todos() {
        const Rows rows = schema_owner.acquire(soon()).execute(kCount, {owner_id});
        return {std::string{rows.at(0, 0).value()}, std::string{rows.at(0, 1).value()}};
    }
};

TEST_F(Purge, RemovesAKeyAfterADayAndNotBefore) {
    given_todo();
    age(kAgeKeys, "23 hours 59 minutes");
    purge(kPurgeWriteKeys);
    EXPECT_EQ(keys_and_todos().first, "1");

    age(kAgeKeys, "24 hours 1 millisecond");
    purge(kPurgeWriteKeys);
    EXPECT_TRUE(comes_true([&] { return keys_and_todos().first == "0"; }));
}

TEST_F(Purge, RemovesATombstoneAfterThirtyDaysAndNotBefore) {
    store.remove(owner, given_todo().id, {}, std::nullopt, soon());
    age(kAgeTombstones, "29 days 23 hours");
    purge(kPurgeTombstones);
    EXPECT_EQ(keys_and_todos().second, "1");

    age(kAgeTombstones, "30 days 1 millisecond");
    purge(kPurgeTombstones);
    EXPECT_TRUE(comes_true([&] { return keys_and_todos().second == "0"; }));
}

TEST_F(Purge, LeavesTodosThatAreNotDeleted) {
    given_todo();
    purge(kPurgeTombstones);
    EXPECT_EQ(keys_and_todos().second, "1");
}

TEST_F(Purge, IsNotWaitedForByAKeyThatIsOldEnoughToBeUsedAgain) {
    given_todo();
    age(kAgeKeys, "24 hours 1 millisecond");
    EXPECT_EQ(store.create(owner, new_id(), Content{.title = "t"}, key, soon()).outcome, Outcome::kCreated);
    EXPECT_EQ(keys_and_todos(), (std::pair<std::string, std::string>{"1", "2"}));
}

TEST_F(Purge, TakesNoMoreThanAStepAtATime) {
    given_todo();
    store.create(owner, new_id(), Content{.title = "t"}, WriteKey{"another", key.digest}, soon());
    purge(kPurgeWriteKeys);
    age(kAgeKeys, "25 hours");
    EXPECT_EQ(worker.acquire(soon()).execute(form_of(kPurgeWriteKeys, shards()), {"1"}).at(0, 0), "1");
    EXPECT_EQ(keys_and_todos().first, "1");
}

}  // namespace
}  // namespace todo::tests
