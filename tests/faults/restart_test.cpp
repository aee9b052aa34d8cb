/// Every worker process is restarted again and again under a steady load: no client notices.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>
#include <vector>

#include "fault_test.hpp"
#include "load.hpp"

namespace api {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

struct WorkerRestart : FaultTest {
    static constexpr int kRestartsOfEach = 20;
    static constexpr std::size_t kRequests = 50'000;
    static constexpr seconds kPatience{30};

    static bool runs(int process) {
        const std::vector<int> workers = stack::workers();
        return std::find(workers.begin(), workers.end(), process) != workers.end();
    }
    /// TERM, until another process stands in its place. Whether that came about.
    static bool restart(int process) {
        kill(process, SIGTERM);
        kill(process, SIGTERM);  // a second one changes nothing
        return comes_true([&] { return !runs(process) && stack::workers().size() == 2; }, kPatience);
    }
};

TEST_F(WorkerRestart, FailsNoRequest) {
    Load load{{.pace = std::chrono::milliseconds{15}, .todos = LoadOptions::Todos::kRemoved}};
    int restarts = 0;
    for (int round = 0; round < kRestartsOfEach; ++round) {
        const std::vector<int> before = stack::workers();
        ASSERT_THAT(before, SizeIs(2));
        for (const int process : before) {
            ASSERT_TRUE(restart(process)) << process << " did not end, or no other took its place";
            ++restarts;
        }
        ASSERT_TRUE(std::none_of(before.begin(), before.end(), runs)) << "each is another process now";
    }
    EXPECT_TRUE(comes_true([&] { return load.requests() >= kRequests; }, seconds{120}));
    load.stop();

    std::cout << "# " << load.requests() << " requests, " << restarts << " restarts\n";
    EXPECT_EQ(restarts, 2 * kRestartsOfEach);
    EXPECT_GE(load.requests(), kRequests);
    EXPECT_THAT(load.failures(), IsEmpty());
}

TEST_F(WorkerRestart, AnswersWithOneProcessWhileTheOtherStops) {
    const std::vector<int> before = stack::workers();
    ASSERT_THAT(before, SizeIs(2));

    kill(before.front(), SIGTERM);
    for (int i = 0; i < 50; ++i) EXPECT_THAT(get(kTodos), Answers(200));
    EXPECT_TRUE(comes_true([&] { return !runs(before.front()) && stack::workers().size() == 2; }, kPatience));
}

}  // namespace
}  // namespace api
