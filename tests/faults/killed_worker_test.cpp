/// Worker processes are killed under load, one and the other: nothing fails that the web server may send to the other
/// one (GET, PUT, DELETE), and a POST that fails can be sent again with its key.
#include <algorithm>
#include <csignal>

#include "database.hpp"
#include "fault_test.hpp"
#include "load.hpp"

namespace api {
namespace {

using testing::AnyOf;
using testing::Each;
using testing::Field;
using testing::IsEmpty;

struct KilledWorker : FaultTest {
    static constexpr std::size_t kKills = 30;
    static constexpr std::size_t kWritesBetweenKills = 40;

    Database database;

    /// Until another process stands in its place and serves.
    static bool kill_and_wait(int process) {
        kill(process, SIGKILL);
        return comes_true([process] {
                   const std::vector<int> workers = stack::workers();
                   return workers.size() == kWorkers &&
                          std::find(workers.begin(), workers.end(), process) == workers.end();
               }) &&
               comes_true(are_ready);
    }

    static void kill_workers_under(Load& load) {
        for (std::size_t kills = 0; kills < kKills; ++kills) {
            ASSERT_TRUE(load.wait_for_created(kWritesBetweenKills));
            // The one that has the lower number is the older one: one and the other.
            ASSERT_TRUE(kill_and_wait(stack::workers().front())) << "after " << kills << " others";
        }
        load.stop();

        std::cout << "# " << load.requests() << " requests, " << kKills << " kills, " << load.repeats()
                  << " writes sent again\n";
        EXPECT_THAT(load.failures("GET"), IsEmpty());
        EXPECT_THAT(load.failures("PUT"), IsEmpty());
        EXPECT_THAT(load.failures("POST"), Each(Field(&Load::Failure::answer, AnyOf(Answers(502), Answers(503)))));
        EXPECT_GT(load.repeats(), 0U) << "no kill came in between: this test has shown nothing";
        EXPECT_GE(load.created(), kKills * kWritesBetweenKills);
    }
};

TEST_F(KilledWorker, FailsNoReadAndLosesOrDoublesNoWrite) {
    Load load;
    kill_workers_under(load);

    EXPECT_THAT(load.differences(database.titles()), IsEmpty());
}

TEST_F(KilledWorker, FailsNoRemoval) {
    Load load{{.todos = LoadOptions::Todos::kRemoved}};
    kill_workers_under(load);

    EXPECT_THAT(load.failures("DELETE"), IsEmpty());
    EXPECT_THAT(database.titles(), IsEmpty());
}

}  // namespace
}  // namespace api
