/// Worker processes are killed under load, one and the other: nothing fails that the web server may send to the other
/// one (GET, PUT, DELETE), and a POST that fails can be sent again with its key.
#include <algorithm>
#include <csignal>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

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
    const NewLines nginx_log{"nginx-error.log"};

    /// Requests for todos that a kill took the worker from: the web server writes a line for each.
    [[nodiscard]] std::size_t interrupted() const {
        std::istringstream log{nginx_log.text()};
        std::size_t count = 0;
        for (std::string line; std::getline(log, line);) {
            if (line.find("while reading response header from upstream") == std::string::npos) continue;
            if (line.find(kTodos) != std::string::npos) ++count;
        }
        return count;
    }

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

    /// Always the older of the two: it has the web server's connections, and the new one none yet. Their numbers do not
    /// tell which it is, for they begin anew at some point.
    void kill_workers_under(Load& load) {
        std::vector<int> workers = stack::workers();
        for (std::size_t kills = 0; kills < kKills; ++kills) {
            ASSERT_TRUE(load.wait_for_created(kWritesBetweenKills));
            const int oldest = workers.front();
            ASSERT_TRUE(kill_and_wait(oldest)) << "after " << kills << " others";
            const std::vector<int> now = stack::workers();
            workers.erase(workers.begin());
            std::copy_if(now.begin(), now.end(), std::back_inserter(workers),
                         [&](int process) { return process != workers.front(); });
            ASSERT_EQ(workers.size(), kWorkers);
        }
        load.stop();

        std::cout << "# " << load.requests() << " requests, " << kKills << " kills, which interrupted " << interrupted()
                  << " requests, " << load.repeats() << " writes sent again\n";
        EXPECT_THAT(load.failures("GET"), IsEmpty());
        EXPECT_THAT(load.failures("PUT"), IsEmpty());
        EXPECT_THAT(load.failures("POST"), Each(Field(&Load::Failure::answer, AnyOf(Answers(502), Answers(503)))));
        EXPECT_GT(interrupted(), 0U) << "no kill came in between: this test has shown nothing";
        EXPECT_GE(load.created(), kKills * kWritesBetweenKills);
    }
};

TEST_F(KilledWorker, FailsNoReadAndLosesOrDoublesNoWrite) {
    // A client has a thousand rounds: they have to last for all kills, of which each takes seconds on a slow machine.
    Load load{{.pace = std::chrono::milliseconds{100}}};
    kill_workers_under(load);

    EXPECT_THAT(load.differences(database.titles()), IsEmpty());
}

TEST_F(KilledWorker, FailsNoRemoval) {
    Load load{{.pace = std::chrono::milliseconds{1}, .todos = LoadOptions::Todos::kRemoved}};
    kill_workers_under(load);

    EXPECT_THAT(load.failures("DELETE"), IsEmpty());
    EXPECT_THAT(database.titles(), IsEmpty());
}

}  // namespace
}  // namespace api
