/// Every worker process is restarted again and again under a steady load: no client notices.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../patience.hpp"
#include "api_test.hpp"

namespace api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

/// Clients that create, read and delete todos, each on a connection of its own, until told to stop.
class SteadyLoad {
public:
    static constexpr int kClients = 8;
    static constexpr milliseconds kPace{15};  ///< Between a client's rounds: some 1,000 requests/s in all.

    SteadyLoad() {
        for (int i = 0; i < kClients; ++i) clients_.emplace_back([this] { work(); });
    }
    SteadyLoad(const SteadyLoad&) = delete;
    SteadyLoad& operator=(const SteadyLoad&) = delete;
    ~SteadyLoad() { stop(); }

    void stop() {
        stopping_ = true;
        for (std::thread& client : clients_) {
            if (client.joinable()) client.join();
        }
    }
    [[nodiscard]] int requests() const { return requests_; }
    /// What was not answered as it should be; for when the load has stopped.
    [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }

private:
    void work() {
        while (!stopping_) {
            const std::string created = expect(201, [] { return post(kTodos, R"({"title":"steady"})"); });
            if (!created.empty()) {
                expect(200, [&] { return get(created); });
                expect(204, [&] { return remove(created); });
            }
            std::this_thread::sleep_for(kPace);
        }
    }

    /// The Location of the answer, where it has one.
    std::string expect(int status, const std::function<Answer()>& request) {
        ++requests_;
        std::string failure;
        try {
            const Answer answer = request();
            const std::string location = answer.header("Location");
            if (answer.status == status) return location.substr(std::min(location.size(), stack::url().size()));
            failure = testing::PrintToString(answer);
        } catch (const std::exception& error) {
            failure = error.what();
        }
        const std::lock_guard lock{mutex_};
        failures_.push_back(failure);
        return {};
    }

    std::atomic<bool> stopping_ = false;
    std::atomic<int> requests_ = 0;
    std::mutex mutex_;
    std::vector<std::string> failures_;
    std::vector<std::thread> clients_;
};

struct WorkerRestart : ApiTest {
    static constexpr int kRestartsOfEach = 20;
    static constexpr int kRequests = 50'000;
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
    SteadyLoad load;
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

    std::cout << load.requests() << " requests, " << restarts << " restarts\n";
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
