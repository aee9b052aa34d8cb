// When the timer works, and when it stands back.
#include "janitor.hpp"

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <optional>

#include "database_test.hpp"

namespace todo::tests {
namespace {

using fcgi_worker::LogEntry;
using std::chrono::milliseconds;

constexpr Statement kGiveOldKeys{"give_old_keys", R"(
    INSERT INTO write_key (owner_id, key, digest, todo_id, status, created_at)
    SELECT $1, 'key-' || number, sha256('x'), NULL, 204, now() - interval '25 hours'
      FROM generate_series(1, $2::integer) AS number)"};
constexpr Statement kCountKeys{"count_keys", "SELECT count(*) FROM write_key WHERE owner_id = $1"};

struct JanitorAtWork : testing::Test {
    Pool worker{patient("STACK_WORKER_DSN", 1, catalogue())};
    Pool schema_owner{patient("STACK_OWNER_DSN", 1, {kGiveOldKeys, kCountKeys})};
    const std::string owner_id = new_owner().value.to_string();
    const JanitorOptions quick{
        .interval = milliseconds{10}, .pause = milliseconds{1}, .step_rows = 2, .shards = shards()};

    std::mutex mutex;
    std::condition_variable logged;
    std::vector<std::string> causes;  ///< Of rounds that were left out.

    void given_old_keys(const std::string& number) {
        schema_owner.acquire(soon()).execute(kGiveOldKeys, {owner_id, number});
    }

    std::string keys() {
        return std::string{schema_owner.acquire(soon()).execute(kCountKeys, {owner_id}).at(0, 0).value()};
    }

    /// Asks until it is so, or for so long that it never will be.
    bool come_to(const std::string& number) {
        const Deadline deadline = soon();
        while (keys() != number && fcgi_worker::Clock::now() < deadline) {
        }
        return keys() == number;
    }

    fcgi_worker::Log listener() {
        return [this](const LogEntry& entry) {
            if (entry.level != fcgi_worker::LogLevel::kDebug) return;
            const std::lock_guard lock{mutex};
            causes.push_back(entry.fields.back().value);
            logged.notify_all();
        };
    }

    std::string next_cause() {
        std::unique_lock lock{mutex};
        const auto known = causes.size();
        logged.wait_until(lock, soon(), [&] { return causes.size() > known; });
        return causes.size() > known ? causes.back() : "none";
    }
};

TEST_F(JanitorAtWork, RemovesWhatIsOldStepByStep) {
    given_old_keys("5");

    const Janitor janitor{worker, quick, fcgi_worker::log_nothing};

    EXPECT_TRUE(come_to("0"));
}

TEST_F(JanitorAtWork, StandsBackWhileNoConnectionIsIdle) {
    std::optional lease{worker.acquire(soon())};
    const Janitor janitor{worker, quick, listener()};
    given_old_keys("1");

    EXPECT_EQ(next_cause(), "no connection is idle");
    lease.reset();

    EXPECT_TRUE(come_to("0"));
}

TEST_F(JanitorAtWork, StandsBackWhileTheDatabaseIsAway) {
    auto options = patient("STACK_WORKER_DSN", 1, catalogue());
    options.dsn = "host=/nowhere";
    Pool away{options};

    const Janitor janitor{away, quick, listener()};

    EXPECT_EQ(next_cause(), "no connection is idle");
}

TEST_F(JanitorAtWork, EndsWithoutWaitingForItsNextRound) {
    const auto start = fcgi_worker::Clock::now();
    { const Janitor janitor{worker, {.interval = std::chrono::hours{1}}, fcgi_worker::log_nothing}; }

    EXPECT_LT(fcgi_worker::Clock::now() - start, std::chrono::minutes{1});
}

}  // namespace
}  // namespace todo::tests
