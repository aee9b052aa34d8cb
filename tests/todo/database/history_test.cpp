/// Histories of the store against a real PostgreSQL: what random operations of several threads on few todos answer is
/// what a store would have answered that does one thing at a time, whether or not they share round trips. And the check
/// that says so finds what is wrong: by hand-made histories, and by a store with planted faults.
///
/// HISTORY_SEED=N repeats the operations of a run. When they meet, and so what they answer, is not repeated.
#include "history.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <future>
#include <iostream>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <random>

#include "database_test.hpp"
#include "pg_store.hpp"

namespace todo::tests {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::HasSubstr;
using testing::Key;
using testing::Optional;

/// Hand-made histories, of todos that are created at 1000 ms.
struct HistoryCheck : testing::Test {
    static constexpr TodoId kId{};

    static Moment at(int moment) { return Moment{} + milliseconds{moment}; }
    static Todo todo(std::int64_t version, const std::string& title, int created_at = 1000) {
        const Timestamp created{milliseconds{created_at}};
        return {kId, Content{.title = title}, created, created + milliseconds{version - 1}, version};
    }
    static Preconditions if_match(const Todo& seen) {
        return {.if_match = TagCondition{.any = false, .tags = {entity_tag(seen)}}};
    }

    /// What is added next is under way from `began` to `ended`.
    HistoryCheck& from(int began, int ended) {
        next_ = {.thread = next_.thread + 1, .began = at(began), .ended = at(ended)};
        return *this;
    }
    void found(const std::optional<Todo>& seen) { add(Kind::kFind, Answer{std::nullopt, seen}); }
    void replaced(const std::string& title, const Answer& answer, const Preconditions& preconditions = {}) {
        next_.content = Content{.title = title};
        next_.preconditions = preconditions;
        add(Kind::kReplace, answer);
    }
    void patched(const Changes& changes, const std::optional<Answer>& answer, const Preconditions& preconditions = {}) {
        next_.changes = changes;
        next_.preconditions = preconditions;
        add(Kind::kPatch, answer);
    }
    void removed(Outcome outcome, const Preconditions& preconditions = {}) {
        next_.preconditions = preconditions;
        add(Kind::kRemove, Answer{outcome, std::nullopt});
    }
    void given_created() { from(0, 1).replaced("a", {Outcome::kCreated, todo(1, "a")}); }

    void expect_linearizable() const { EXPECT_EQ(find_violation(history_).value_or(""), ""); }
    void expect_violation() const { EXPECT_THAT(find_violation(history_), Optional(HasSubstr("no order explains"))); }

private:
    void add(Kind kind, const std::optional<Answer>& answer) {
        next_.kind = kind;
        next_.answer = answer;
        history_.push_back(next_);
    }

    Operation next_ = {};
    History history_ = {};
};

TEST_F(HistoryCheck, AcceptsALifeFromItsBeginningToTheNextOne) {
    from(0, 1).found(std::nullopt);
    from(2, 3).removed(Outcome::kAbsent);
    from(4, 5).patched({.title = "b"}, Answer{Outcome::kAbsent});
    from(6, 7).replaced("a", {Outcome::kCreated, todo(1, "a")});
    from(8, 9).patched({.title = "b"}, Answer{Outcome::kReplaced, todo(2, "b")}, if_match(todo(1, "a")));
    from(10, 11).replaced("b", {Outcome::kReplaced, todo(2, "b")});
    from(12, 13).replaced("c", {Outcome::kMismatch}, {.if_none_match_any = true});
    from(14, 15).removed(Outcome::kMismatch, if_match(todo(1, "a")));
    from(16, 17).removed(Outcome::kDeleted, if_match(todo(2, "b")));
    from(18, 19).removed(Outcome::kDeleted, if_match(todo(1, "a")));
    from(20, 21).found(std::nullopt);
    from(22, 23).replaced("a", {Outcome::kCreated, todo(1, "a", 2000)}, {.if_none_match_any = true});
    expect_linearizable();
}

TEST_F(HistoryCheck, AcceptsAnyOrderOfWhatOverlaps) {
    given_created();
    from(10, 20).patched({.title = "b"}, Answer{Outcome::kReplaced, todo(3, "b")});
    from(11, 21).patched({.completed = false, .notes = ""}, Answer{Outcome::kReplaced, todo(2, "c")});
    from(12, 22).patched({.title = "c"}, Answer{Outcome::kReplaced, todo(2, "c")});
    from(13, 14).found(todo(1, "a"));
    from(15, 23).found(todo(3, "b"));
    from(16, 24).found(todo(1, "a"));
    expect_linearizable();
}

TEST_F(HistoryCheck, AcceptsThatAPutIsSentTwice) {
    given_created();
    from(2, 3).replaced("b", {Outcome::kReplaced, todo(2, "b")}, if_match(todo(1, "a")));
    from(4, 5).replaced("b", {Outcome::kReplaced, todo(2, "b")}, if_match(todo(1, "a")));
    expect_linearizable();
}

TEST_F(HistoryCheck, AcceptsThatAnUnansweredWriteHappensLateOrNever) {
    given_created();
    from(2, 3).patched({.title = "late"}, std::nullopt);
    from(4, 5).patched({.title = "never"}, std::nullopt);
    from(6, 7).found(todo(1, "a"));
    from(8, 9).patched({.notes = ""}, Answer{Outcome::kReplaced, todo(2, "late")});
    expect_linearizable();
}

TEST_F(HistoryCheck, FindsAnUnansweredWriteThatHappensTwice) {
    given_created();
    from(2, 3).patched({.title = "b"}, std::nullopt);
    from(4, 5).found(todo(2, "b"));
    from(6, 7).patched({.title = "c"}, Answer{Outcome::kReplaced, todo(3, "c")});
    from(8, 9).found(todo(4, "b"));
    expect_violation();
}

TEST_F(HistoryCheck, FindsALostUpdate) {
    given_created();
    from(2, 6).patched({.completed = true}, Answer{Outcome::kReplaced, [] {
                                                       Todo lost = todo(3, "a");
                                                       lost.content.completed = true;
                                                       return lost;
                                                   }()});
    from(3, 5).patched({.title = "b"}, Answer{Outcome::kReplaced, todo(2, "b")});
    expect_violation();
}

TEST_F(HistoryCheck, FindsAnAcknowledgedWriteThatIsLost) {
    given_created();
    from(2, 3).removed(Outcome::kDeleted);
    from(4, 5).patched({.title = "b"}, Answer{Outcome::kReplaced, todo(2, "b")});
    expect_violation();
}

TEST_F(HistoryCheck, FindsAStaleRead) {
    given_created();
    from(2, 3).patched({.title = "b"}, Answer{Outcome::kReplaced, todo(2, "b")});
    from(4, 5).found(todo(1, "a"));
    expect_violation();
}

TEST_F(HistoryCheck, FindsThatAReadGoesBackWhileTheWriteIsUnderWay) {
    given_created();
    from(2, 9).patched({.title = "b"}, Answer{Outcome::kReplaced, todo(2, "b")});
    from(3, 4).found(todo(2, "b"));
    from(5, 6).found(todo(1, "a"));
    expect_violation();
}

TEST_F(HistoryCheck, FindsAReadOfWhatNobodyWrote) {
    given_created();
    from(2, 9).patched({.title = "b"}, Answer{Outcome::kReplaced, todo(2, "b")});
    from(3, 8).found(todo(2, "c"));
    expect_violation();
}

TEST_F(HistoryCheck, FindsAReadOfWhatIsWrittenLater) {
    given_created();
    from(2, 3).found(todo(2, "b"));
    from(4, 5).patched({.title = "b"}, Answer{Outcome::kReplaced, todo(2, "b")});
    expect_violation();
}

TEST_F(HistoryCheck, FindsAVersionGivenTwice) {
    given_created();
    from(2, 5).patched({.title = "b"}, Answer{Outcome::kReplaced, todo(2, "b")});
    from(3, 4).patched({.title = "c"}, Answer{Outcome::kReplaced, todo(2, "c")});
    expect_violation();
}

TEST_F(HistoryCheck, FindsAVersionLeftOut) {
    given_created();
    from(2, 3).patched({.title = "b"}, Answer{Outcome::kReplaced, todo(3, "b")});
    expect_violation();
}

TEST_F(HistoryCheck, FindsAnIfMatchThatSucceedsOnAnotherVersion) {
    given_created();
    from(2, 3).patched({.title = "b"}, Answer{Outcome::kReplaced, todo(2, "b")});
    from(4, 5).patched({.title = "c"}, Answer{Outcome::kReplaced, todo(3, "c")}, if_match(todo(1, "a")));
    expect_violation();
}

TEST_F(HistoryCheck, FindsAnIfMatchThatIsRefusedForNoReason) {
    given_created();
    from(2, 3).removed(Outcome::kMismatch, if_match(todo(1, "a")));
    expect_violation();
}

TEST_F(HistoryCheck, FindsASecondLifeThatRepeatsAnEntityTag) {
    given_created();
    from(2, 3).removed(Outcome::kDeleted);
    from(4, 5).replaced("b", {Outcome::kCreated, todo(1, "b")});
    expect_violation();
}

/// Many threads on few todos of a new owner. Nearly three threads a todo write it at the same time; and several todos,
/// as writes of one never share a round trip.
struct StoreHistory : testing::Test {
    static constexpr int kThreads = 16;

    static void SetUpTestSuite() { pool = std::make_unique<Pool>(patient("STACK_WORKER_DSN", kThreads, catalogue())); }
    static void TearDownTestSuite() { pool.reset(); }

    static std::uint32_t choose_seed() {
        const char* given = std::getenv("HISTORY_SEED");
        return given != nullptr ? static_cast<std::uint32_t>(std::stoul(given)) : std::random_device{}();
    }

    [[nodiscard]] History run(Store& store, std::size_t operations) const {
        std::cout << "# HISTORY_SEED=" << seed << std::endl;  // at once: it may be the last that is seen
        const OwnerId owner = new_owner();
        const std::vector<TodoId> ids{new_id(), new_id(), new_id(), new_id(), new_id(), new_id()};
        std::latch start{kThreads};
        std::vector<std::future<History>> threads;
        threads.reserve(kThreads);
        for (int thread = 0; thread < kThreads; ++thread) {
            threads.push_back(std::async(std::launch::async, [&, thread] {
                RandomClient client{seed, thread, ids};
                start.arrive_and_wait();
                return client.run(store, owner, operations / kThreads);
            }));
        }
        History history;
        for (auto& thread : threads) {
            const History part = thread.get();
            history.insert(history.end(), part.begin(), part.end());
        }
        return history;
    }

    static std::unique_ptr<Pool> pool;
    const std::uint32_t seed = choose_seed();
};

std::unique_ptr<Pool> StoreHistory::pool;

struct Sharing {
    std::string name;
    StoreOptions options;
    friend void PrintTo(const Sharing& sharing, std::ostream* out) { *out << sharing.name; }
};

struct HistoryOf : StoreHistory, testing::WithParamInterface<Sharing> {};

TEST_P(HistoryOf, IsLinearizable) {
    StoreOptions options = GetParam().options;
    options.shards = shards();
    options.combiner.wait_timeout = std::chrono::seconds{10};  // as the pool's: a busy machine is no fault
    PgStore store{*pool, options};

    const History history = run(store, 2'400);

    const auto unanswered = std::count_if(history.begin(), history.end(), [](const auto& one) { return !one.answer; });
    std::map<Outcome, int> outcomes;
    for (const Operation& one : history) {
        if (one.answer && one.answer->outcome) ++outcomes[*one.answer->outcome];
    }
    std::size_t batches = 0;
    std::size_t members = 0;
    for (const auto& [statement, counts] : store.counts()) {
        batches += counts.batches;
        members += counts.members;
    }
    const std::size_t overlaps = count_overlaps(history);
    std::cout << "# " << history.size() << " operations, seed " << seed << ", " << overlaps << " overlaps, " << members
              << " of them in " << batches << " batches, " << unanswered << " unanswered\n";

    const auto violation = find_violation(history);
    EXPECT_FALSE(violation.has_value()) << "HISTORY_SEED=" << seed << "\n" << violation.value_or("");
    EXPECT_LT(unanswered * 100, static_cast<std::ptrdiff_t>(history.size())) << "HISTORY_SEED=" << seed;
    EXPECT_GT(overlaps, history.size() / 2) << "too little was at the same time";
    for (const Outcome outcome :
         {Outcome::kCreated, Outcome::kReplaced, Outcome::kDeleted, Outcome::kAbsent, Outcome::kMismatch}) {
        EXPECT_THAT(outcomes, Contains(Key(outcome))) << "HISTORY_SEED=" << seed;
    }
}

INSTANTIATE_TEST_SUITE_P(Store, HistoryOf,
                         testing::Values(Sharing{"ThatCombines", {}},
                                         Sharing{"ThatCombinesThreeBatchesAtATime",
                                                 {.combiner = {.batches_in_flight = 3}}},
                                         Sharing{"ThatDoesNotCombine", {.combine = {}}}),
                         [](const auto& test) { return test.param.name; });

enum class Fault { kLostUpdate, kStaleFind, kForgottenPrecondition, kForgottenRemove };

/// A store that is wrong in one of ten operations of one kind.
class FaultyStore : public Store {
public:
    FaultyStore(Store& store, Fault fault) : store_(store), fault_(fault) {}

    std::vector<Todo> list(OwnerId owner, const ListQuery& query, Budget budget) override {
        return store_.list(owner, query, budget);
    }
    std::optional<Todo> find(OwnerId owner, TodoId id, Budget budget) override {
        const std::lock_guard lock{mutex_};
        const auto cached = cache_.find(id);
        if (cached != cache_.end() && happens(Fault::kStaleFind)) return cached->second;
        return cache_[id] = store_.find(owner, id, budget);
    }
    WriteResult create(OwnerId owner, TodoId id, const Content& content, const std::optional<WriteKey>& key,
                       Budget budget) override {
        return store_.create(owner, id, content, key, budget);
    }
    WriteResult replace(OwnerId owner, TodoId id, const Content& content, const Preconditions& preconditions,
                        const std::optional<WriteKey>& key, Budget budget) override {
        const bool forgets = preconditions.if_match && happens(Fault::kForgottenPrecondition);
        return store_.replace(owner, id, content, forgets ? Preconditions{} : preconditions, key, budget);
    }
    WriteResult patch(OwnerId owner, TodoId id, const Changes& changes, const Preconditions& preconditions,
                      const std::optional<WriteKey>& key, Budget budget) override {
        if (preconditions.if_match || !happens(Fault::kLostUpdate)) {
            return store_.patch(owner, id, changes, preconditions, key, budget);
        }
        const std::optional<Todo> before = store_.find(owner, id, budget);
        if (!before) return {Outcome::kAbsent, 0, {}};
        Content content = before->content;
        content.title = changes.title.value_or(content.title);
        content.completed = changes.completed.value_or(content.completed);
        content.order = changes.order.value_or(content.order);
        content.notes = changes.notes.value_or(content.notes);
        return store_.replace(owner, id, content, {}, key, budget);
    }
    WriteResult remove(OwnerId owner, TodoId id, const Preconditions& preconditions, const std::optional<WriteKey>& key,
                       Budget budget) override {
        if (!preconditions.if_match && happens(Fault::kForgottenRemove)) {
            return {store_.find(owner, id, budget) ? Outcome::kDeleted : Outcome::kAbsent, 0, {}};
        }
        return store_.remove(owner, id, preconditions, key, budget);
    }
    WriteResult remove_all(OwnerId owner, std::optional<bool> completed, const std::optional<WriteKey>& key,
                           Budget budget) override {
        return store_.remove_all(owner, completed, key, budget);
    }

private:
    bool happens(Fault fault) { return fault == fault_ && ++chances_ % 10 == 0; }

    Store& store_;
    Fault fault_;
    std::atomic<int> chances_{0};
    std::mutex mutex_;
    std::map<TodoId, std::optional<Todo>> cache_;
};

struct HistoryOfAFaultyStore : StoreHistory, testing::WithParamInterface<std::pair<std::string, Fault>> {};

TEST_P(HistoryOfAFaultyStore, IsFoundOut) {
    constexpr std::size_t kMostOperations = 6'400;  // some hundred are enough
    PgStore store{*pool, {.shards = shards()}};
    FaultyStore faulty{store, GetParam().second};

    std::optional<std::string> violation;
    std::size_t operations = 0;
    while (!violation && operations < kMostOperations) {
        const History history = run(faulty, 320);
        operations += history.size();
        violation = find_violation(history);
    }

    std::cout << "# " << operations << " operations, found: " << violation.value_or("nothing\n");
    EXPECT_THAT(violation, Optional(HasSubstr("no order explains"))) << "HISTORY_SEED=" << seed;
}

INSTANTIATE_TEST_SUITE_P(Store, HistoryOfAFaultyStore,
                         testing::Values(std::pair{"ThatLosesUpdates", Fault::kLostUpdate},
                                         std::pair{"ThatFindsFromACache", Fault::kStaleFind},
                                         std::pair{"ThatForgetsPreconditions", Fault::kForgottenPrecondition},
                                         std::pair{"ThatForgetsToRemove", Fault::kForgottenRemove}),
                         [](const auto& test) { return test.param.first; });

}  // namespace
}  // namespace todo::tests
