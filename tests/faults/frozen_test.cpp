/// All processes of PostgreSQL stand still, as on a machine that hangs, and go on: nobody waits for them longer than a
/// request may take, and what they did when nobody listened any more was done once.
#include <chrono>
#include <csignal>
#include <iostream>
#include <vector>

#include "database.hpp"
#include "fault_test.hpp"
#include "load.hpp"

namespace api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Each;
using testing::Field;
using testing::IsEmpty;
using testing::Lt;

struct FrozenDatabase : FaultTest {
    static constexpr seconds kFrozen{10};
    static constexpr seconds kBudget{5};              ///< The worker's, for a request.
    static constexpr milliseconds kALittle{1000};     ///< A busy machine's.
    static constexpr std::size_t kAcknowledged = 50;  ///< Before and after.

    Database database;
    std::vector<int> processes;

    void freeze() {
        processes = {stack::postmaster()};
        kill(processes.front(), SIGSTOP);  // it starts no more
        for (const int child : stack::children_of(processes.front())) processes.push_back(child);
        for (const int process : processes) kill(process, SIGSTOP);
    }
    void thaw() {
        for (const int process : processes) kill(process, SIGCONT);
        processes.clear();
    }
    void TearDown() override {
        thaw();
        FaultTest::TearDown();
    }
};

TEST_F(FrozenDatabase, IsAnsweredInTimeLosesNothingAndIsForgottenWithinTwoSeconds) {
    const std::vector<int> workers = stack::workers();
    Load load{{.pace = milliseconds{100}}};
    ASSERT_TRUE(load.wait_for_created(kAcknowledged));

    freeze();
    ASSERT_GT(processes.size(), 2 * kWorkers) << "not PostgreSQL's processes";
    const Clock::time_point end = Clock::now() + kFrozen;
    std::size_t others = 0;
    while (Clock::now() < end) {
        EXPECT_THAT(post(kTodos, "{}"), IsProblem(422, "invalid-fields", "/title"));
        EXPECT_THAT(get("/v1/todos/7"), IsProblem(404, "not-found"));
        EXPECT_THAT(get_private("/livez"), Answers(200));
        ++others;
        std::this_thread::sleep_for(milliseconds{100});
    }
    thaw();
    const Clock::time_point recovered = Clock::now() + seconds{2};
    ASSERT_TRUE(load.wait_for_created(kAcknowledged, recovered));
    load.stop();

    std::cout << "# " << load.requests() << " requests, " << load.failures().size()
              << " of them failed, the slowest took "
              << std::chrono::duration_cast<milliseconds>(load.slowest()).count() << " ms; " << others
              << " times three that need no database\n";
    EXPECT_GE(load.failures().size(), Load::kClients) << "frozen, and nobody noticed";
    EXPECT_GT(others, 10U);
    EXPECT_THAT(load.failures(), Each(Field(&Load::Failure::answer, IsA503ThatSaysWhenToComeBack())));
    EXPECT_THAT(load.failures(), Each(Field(&Load::Failure::at, Lt(recovered)))) << "refused long after its return";
    EXPECT_LT(load.slowest(), kBudget + kALittle);
    EXPECT_THAT(load.differences(database.titles()), IsEmpty());
    EXPECT_EQ(stack::workers(), workers) << "a worker was restarted";
}

}  // namespace
}  // namespace api
