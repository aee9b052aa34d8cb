/// PostgreSQL goes away under load and comes back: what clients see meanwhile, and what is left of their work.
#include <chrono>
#include <iostream>
#include <vector>

#include "database.hpp"
#include "fault_test.hpp"
#include "load.hpp"

namespace api {
namespace {

using std::chrono::seconds;
using testing::Each;
using testing::Field;
using testing::IsEmpty;
using testing::Lt;

struct PostgresqlAway : FaultTest {
    static constexpr std::size_t kAcknowledged = 1000;

    void TearDown() override {
        stack::run_script("sql/cluster", "start");
        FaultTest::TearDown();
    }
};

TEST_F(PostgresqlAway, LosesNoAcknowledgedWriteAndIsForgottenWithinTwoSeconds) {
    const std::vector<int> workers = stack::workers();
    Load load;
    ASSERT_TRUE(load.wait_for_created(kAcknowledged / 2));

    stack::run_script("sql/cluster", "stop");
    ASSERT_TRUE(load.wait_for_refusals(1000));

    stack::run_script("sql/cluster", "start");
    const Clock::time_point recovered = Clock::now() + seconds{2};
    ASSERT_TRUE(load.wait_for_created(kAcknowledged / 2, recovered));
    load.stop();

    std::cout << "# " << load.created() << " writes acknowledged, " << load.failures().size() << " answers 503\n";
    EXPECT_GE(load.created(), kAcknowledged);
    EXPECT_THAT(load.differences(Database{}.titles()), IsEmpty());
    EXPECT_THAT(load.failures(), Each(Field(&Load::Failure::answer, IsA503ThatSaysWhenToComeBack())));
    EXPECT_THAT(load.failures(), Each(Field(&Load::Failure::at, Lt(recovered)))) << "refused long after its return";
    EXPECT_EQ(stack::workers(), workers) << "a worker was restarted";
}

TEST_F(PostgresqlAway, IsAnsweredQuickly) {
    stack::run_script("sql/cluster", "stop");

    const Clock::time_point start = Clock::now();
    EXPECT_THAT(get(kTodos), IsA503ThatSaysWhenToComeBack());
    EXPECT_THAT(post(kTodos, R"({"title":"a"})"), IsA503ThatSaysWhenToComeBack());
    EXPECT_THAT(remove(kTodos), IsA503ThatSaysWhenToComeBack());
    EXPECT_LT(Clock::now() - start, seconds{3});
}

TEST_F(PostgresqlAway, LeavesTheWorkersAliveButNotReady) {
    stack::run_script("sql/cluster", "stop");

    EXPECT_TRUE(comes_true([] { return get_private("/readyz").status == 503; }, seconds{2}));
    EXPECT_THAT(get_private("/livez"), Answers(200));
    EXPECT_THAT(get("/"), Answers(200));
}

TEST_F(PostgresqlAway, KeepsBadInputAnsweredAsEver) {
    stack::run_script("sql/cluster", "stop");

    EXPECT_THAT(post(kTodos, "{}"), IsProblem(422, "invalid-fields", "/title"));
    EXPECT_THAT(get("/v1/todos/7"), IsProblem(404, "not-found"));
}

}  // namespace
}  // namespace api
