/// PostgreSQL goes away under load and comes back: what clients see meanwhile, and what is left of their work.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../patience.hpp"
#include "api_test.hpp"

namespace api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Each;
using testing::Field;
using testing::IsEmpty;
using testing::IsSubsetOf;
using testing::Lt;
using Clock = std::chrono::steady_clock;

/// Clients that create todos and read them, until told to stop; at most 8,000 in all, below what an owner may have.
class Load {
public:
    static constexpr std::size_t kClients = 8;
    static constexpr std::size_t kRounds = 1000;
    static constexpr milliseconds kPace{5};               ///< Between a client's rounds.
    static constexpr milliseconds kPaceOfTheRefused{20};  ///< The fault is not drowned in their questions.

    struct Refusal {
        Clock::time_point at;
        Answer answer;
    };

    Load() {
        for (std::size_t i = 0; i < kClients; ++i) clients_.emplace_back([this] { work(); });
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load() { stop(); }

    void stop() {
        {
            const std::lock_guard lock{mutex_};
            stopping_ = true;
        }
        stop_.notify_all();
        for (std::thread& client : clients_) {
            if (client.joinable()) client.join();
        }
    }

    /// Waits for so many acknowledged writes since then; false where they did not come in time.
    bool wait_for_created(std::size_t count, Clock::time_point since = {}) {
        return wait([=, this] {
            return count <=
                   static_cast<std::size_t>(std::count_if(created_.begin(), created_.end(),
                                                          [&](const auto& one) { return one.second >= since; }));
        });
    }
    bool wait_for_refusals(std::size_t count) {
        return wait([=, this] { return refusals_.size() >= count; });
    }

    /// What follows is for when the load has stopped.
    [[nodiscard]] std::set<std::string> created() const {
        std::set<std::string> ids;
        for (const auto& [id, at] : created_) ids.insert(id);
        return ids;
    }
    [[nodiscard]] const std::vector<Refusal>& refusals() const { return refusals_; }  ///< 503.
    /// Neither 2xx nor 503, and requests without an answer.
    [[nodiscard]] const std::vector<std::string>& surprises() const { return surprises_; }

private:
    void work() {
        bool go_on = true;
        for (std::size_t round = 0; round < kRounds && go_on; ++round) {
            milliseconds pace = kPace;
            try {
                const Answer answer = post(kTodos, R"({"title":"under load"})");
                note(answer);
                if (answer.status == 201) note(get("/v1/todos/" + text_at(answer, "/id")));
                if (answer.status == 503) pace = kPaceOfTheRefused;
            } catch (const std::exception& error) {
                const std::lock_guard lock{mutex_};
                surprises_.emplace_back(error.what());
            }
            std::unique_lock lock{mutex_};
            go_on = !stop_.wait_for(lock, pace, [this] { return stopping_; });
        }
    }

    void note(const Answer& answer) {
        {
            const std::lock_guard lock{mutex_};
            if (answer.status == 201) {
                created_.emplace(text_at(answer, "/id"), Clock::now());
            } else if (answer.status == 503) {
                refusals_.push_back({Clock::now(), answer});
            } else if (answer.status != 200) {
                surprises_.push_back(testing::PrintToString(answer));
            }
        }
        noted_.notify_all();
    }

    template <typename Condition>
    bool wait(Condition condition) {
        std::unique_lock lock{mutex_};
        return noted_.wait_for(lock, kPatience, condition);
    }

    std::mutex mutex_;
    std::condition_variable noted_;
    std::condition_variable stop_;
    bool stopping_ = false;
    std::map<std::string, Clock::time_point> created_;
    std::vector<Refusal> refusals_;
    std::vector<std::string> surprises_;
    std::vector<std::thread> clients_;
};

struct PostgresqlAway : ApiTest {
    static constexpr std::size_t kAcknowledged = 1000;

    static void cluster(const std::string& action) {
        stack::run("'" PROJECT_FOLDER "/sql/cluster' " + action + " --state '" + stack::setting("STATE") + "'");
    }
    void TearDown() override {
        cluster("start");
        EXPECT_TRUE(comes_true([] { return get(kTodos).status == 200; }, seconds{5}));
        EXPECT_THAT(remove(kTodos), Answers(204));
    }

    static std::set<std::string> all_ids() {
        std::set<std::string> ids;
        std::string path = "/v1/todos?limit=200";
        while (!path.empty()) {
            const Answer page = get(path);
            const std::vector<std::string> of_page = each(page, "id");
            for (const std::string& id : of_page) ids.insert(id.substr(1, id.size() - 2));
            const std::string link = page.header("Link");
            path = link.empty() ? "" : link.substr(1 + stack::url().size(), link.find('>') - 1 - stack::url().size());
        }
        return ids;
    }
};

MATCHER(IsA503ThatSaysWhenToComeBack, "") {
    return testing::ExplainMatchResult(IsProblem(503, "unavailable"), arg, result_listener) &&
           testing::ExplainMatchResult(HasHeader("Retry-After", testing::ContainsRegex("^[0-9]+$")), arg,
                                       result_listener);
}

TEST_F(PostgresqlAway, LosesNoAcknowledgedWriteAndIsForgottenWithinTwoSeconds) {
    const std::vector<int> workers = stack::workers();
    Load load;
    ASSERT_TRUE(load.wait_for_created(kAcknowledged / 2));

    cluster("stop");
    ASSERT_TRUE(load.wait_for_refusals(1000));

    cluster("start");
    const Clock::time_point recovered = Clock::now() + seconds{2};
    ASSERT_TRUE(load.wait_for_created(kAcknowledged / 2, recovered));
    load.stop();

    const std::set<std::string> created = load.created();
    std::cout << created.size() << " writes acknowledged, " << load.refusals().size() << " answers 503\n";
    EXPECT_GE(created.size(), kAcknowledged);
    EXPECT_THAT(created, IsSubsetOf(all_ids())) << "acknowledged and lost";
    EXPECT_THAT(load.refusals(), Each(Field(&Load::Refusal::answer, IsA503ThatSaysWhenToComeBack())));
    EXPECT_THAT(load.refusals(), Each(Field(&Load::Refusal::at, Lt(recovered)))) << "refused long after its return";
    EXPECT_THAT(load.surprises(), IsEmpty());
    EXPECT_EQ(stack::workers(), workers) << "a worker was restarted";
}

TEST_F(PostgresqlAway, IsAnsweredQuickly) {
    cluster("stop");

    const Clock::time_point start = Clock::now();
    EXPECT_THAT(get(kTodos), IsA503ThatSaysWhenToComeBack());
    EXPECT_THAT(post(kTodos, R"({"title":"a"})"), IsA503ThatSaysWhenToComeBack());
    EXPECT_THAT(remove(kTodos), IsA503ThatSaysWhenToComeBack());
    EXPECT_LT(Clock::now() - start, seconds{3});
}

TEST_F(PostgresqlAway, LeavesTheWorkersAliveButNotReady) {
    cluster("stop");

    EXPECT_TRUE(comes_true([] { return get_private("/readyz").status == 503; }, seconds{2}));
    EXPECT_THAT(get_private("/livez"), Answers(200));
    EXPECT_THAT(get("/"), Answers(200));
}

TEST_F(PostgresqlAway, KeepsBadInputAnsweredAsEver) {
    cluster("stop");

    EXPECT_THAT(post(kTodos, "{}"), IsProblem(422, "invalid-fields", "/title"));
    EXPECT_THAT(get("/v1/todos/7"), IsProblem(404, "not-found"));
}

}  // namespace
}  // namespace api
