/// The server's process of a request is ended in the middle of its statement, for each kind of request: before anything
/// was written, and after all was written and before anybody was told.
#include <functional>
#include <future>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "database.hpp"
#include "fault_test.hpp"

namespace api {
namespace {

using testing::AllOf;
using testing::UnorderedElementsAre;
using testing::UnorderedElementsAreArray;
using testing::ValuesIn;

struct KilledBackend : FaultTest {
    Database database;
    int ended = 0;        ///< Processes of the server.
    long statements = 0;  ///< That came to their end nevertheless.

    /// At once, as it waits for a lock for a second only.
    void end_the_one_that_waits_for(const std::string& event) {
        EXPECT_TRUE(comes_true([&] { return database.end_waiting_for(event) == 1; }))
            << "no statement waits for " << event;
        ++ended;
    }

    /// The answer to a request whose statement waits for the table when its process is ended, so many times in a row.
    Answer interrupted(const std::function<Answer()>& request, int times = 1) {
        // A new connection prepares its statements, for which it needs the table too.
        EXPECT_TRUE(comes_true(have_all_connections));
        const long before = database.finished_statements();
        std::future<Answer> answer;
        {
            const Database::TableLock lock{database};
            answer = std::async(std::launch::async, request);
            for (int i = 0; i < times; ++i) end_the_one_that_waits_for("Lock");
        }
        answer.wait();
        statements = database.finished_statements() - before;
        return answer.get();
    }

    /// The same for one whose statement has taken effect when its process is ended: but for the answer all is done.
    Answer untold(const std::function<Answer()>& request) {
        const long before = database.finished_statements();
        database.hold_commits();
        std::future<Answer> answer = std::async(std::launch::async, request);
        end_the_one_that_waits_for("SyncRep");
        database.release_commits();
        answer.wait();
        statements = database.finished_statements() - before;
        return answer.get();
    }
};

TEST_F(KilledBackend, IsNoticedByNoReader) {
    const GivenTodo todo = given_todo();

    EXPECT_THAT(interrupted([] { return get(kTodos); }), AllOf(Answers(200), HasTodos(1)));
    EXPECT_THAT(interrupted([] { return get("/v1/todos?sort=order"); }), AllOf(Answers(200), HasTodos(1)));
    EXPECT_THAT(interrupted([&] { return get(todo.path); }), AllOf(Answers(200), HasHeader("ETag", todo.etag)));
    EXPECT_THAT(interrupted([&] { return head(todo.path); }), Answers(200));
    EXPECT_THAT(interrupted([] { return get(kNobody); }), Answers(404));
    EXPECT_EQ(ended, 5);
}

TEST_F(KilledBackend, IsWhatAReaderHearsOfWhenItHappensTwice) {
    EXPECT_THAT(interrupted([] { return get(kTodos); }, 2), IsA503ThatSaysWhenToComeBack());
    EXPECT_EQ(statements, 0) << "asked a third time";
    EXPECT_EQ(ended, 2);
}

/// A request that writes, where there is one todo, "water" of version 1.
struct Write {
    std::string name;
    std::string method;
    std::string path;  ///< Empty: that of the todo.
    std::string body;
    int status;
    std::vector<std::string> titles;  ///< Afterwards.
    int version;                      ///< Of the todo afterwards; 0 where it is gone.
};
void PrintTo(const Write& write, std::ostream* out) { *out << write.method << " " << write.name; }

const std::string kSow = R"({"title":"sow"})";
const std::vector<Write> kWrites{
    {"Create", "POST", kTodos, kSow, 201, {"water", "sow"}, 1},
    {"Replace", "PUT", "", kSow, 200, {"sow"}, 2},
    {"Patch", "PATCH", "", kSow, 200, {"sow"}, 2},
    {"Delete", "DELETE", "", "", 204, {}, 0},
    {"DeleteAll", "DELETE", kTodos, "", 204, {}, 0},
};

struct KilledBackendOf : KilledBackend, testing::WithParamInterface<Write> {
    GivenTodo todo;
    Headers key;

    void SetUp() override {
        KilledBackend::SetUp();
        todo = given_todo("water");
        std::random_device chance;  // keys outlive a test by a day
        key = {{"Idempotency-Key", std::to_string(chance()) + "-" + std::to_string(chance())}};
    }

    [[nodiscard]] Answer ask(Headers headers = {}) const {
        const Write& write = GetParam();
        headers.emplace_back("Content-Type", "application/json");
        return send({write.method, write.path.empty() ? todo.path : write.path, std::move(headers), write.body, {}});
    }

    void expect_not_done() {
        EXPECT_THAT(database.titles(), UnorderedElementsAre("water"));
        EXPECT_THAT(get(todo.path), HasHeader("ETag", todo.etag));
    }
    void expect_done_once() {
        EXPECT_THAT(database.titles(), UnorderedElementsAreArray(GetParam().titles));
        const Answer now = get(todo.path);
        const int version = GetParam().version;
        EXPECT_EQ(now.status == 200 ? json_at(now, "/version") : "gone",
                  version == 0 ? "gone" : std::to_string(version));
    }
};

INSTANTIATE_TEST_SUITE_P(Each, KilledBackendOf, ValuesIn(kWrites), [](const auto& kind) { return kind.param.name; });

TEST_P(KilledBackendOf, IsA503AndTheWorkerDoesNotTryAgain) {
    EXPECT_THAT(interrupted([&] { return ask(); }), IsA503ThatSaysWhenToComeBack());
    EXPECT_EQ(statements, 0);
    expect_not_done();

    EXPECT_THAT(untold([&] { return ask(); }), IsA503ThatSaysWhenToComeBack());
    EXPECT_EQ(statements, 1);
    expect_done_once();
    EXPECT_EQ(ended, 2);
}

TEST_P(KilledBackendOf, LeavesNothingThatARepeatWithTheKeyMeets) {
    EXPECT_THAT(interrupted([&] { return ask(key); }), IsA503ThatSaysWhenToComeBack());
    EXPECT_EQ(statements, 0);
    expect_not_done();

    EXPECT_THAT(ask(key), AllOf(Answers(GetParam().status), HasNoHeader("Idempotent-Replayed")));
    expect_done_once();
    EXPECT_EQ(ended, 1);
}

TEST_P(KilledBackendOf, LeavesWhatItHasDoneToARepeatWithTheKey) {
    EXPECT_THAT(untold([&] { return ask(key); }), IsA503ThatSaysWhenToComeBack());
    EXPECT_EQ(statements, 1);
    expect_done_once();

    EXPECT_THAT(ask(key), AllOf(Answers(GetParam().status), HasHeader("Idempotent-Replayed", "true")));
    expect_done_once();
    EXPECT_EQ(ended, 1);
}

}  // namespace
}  // namespace api
