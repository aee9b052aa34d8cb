/// What the tests of the pool share: the real PostgreSQL of the stack, a second way in for the administrator, and
/// a few statements that need no table.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcgi_worker/pq/pool.hpp>

#include "../../patience.hpp"

namespace fcgi_worker::pq {

using namespace std::chrono_literals;

inline constexpr Statement kEcho{"echo", "SELECT $1::text, $2::text"};
inline constexpr Statement kProcess{"process", "SELECT pg_backend_pid()"};
inline constexpr Statement kSleep{"sleep", "SELECT pg_sleep($1::float8)"};
inline constexpr Statement kSetting{"setting", "SELECT current_setting($1)"};
inline const std::vector<Statement> kStatements{kEcho, kProcess, kSleep, kSetting};

inline std::string require_environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody changes it
    if (value == nullptr) {
        throw std::runtime_error{std::string{name} + " is not set: run `./todo test --only database`"};
    }
    return value;
}

/// The value of a word of a connection string like "host=/run/postgresql dbname=todo"; none is in quotes here.
inline std::string word_of(const std::string& dsn, const std::string& keyword) {
    const std::size_t begin = (" " + dsn).find(" " + keyword + "=");
    if (begin == std::string::npos) {
        throw std::runtime_error{"no " + keyword + " in the connection string " + dsn};
    }
    const std::size_t value = begin + keyword.size() + 1;
    return dsn.substr(value, dsn.find(' ', value) - value);
}

/// For what gives no event to wait for. False when it did not come true within 10 s.
inline bool comes_true(const std::function<bool()>& holds) { return ::comes_true(holds, 10s); }

template <typename Action>
Clock::duration duration_of(Action action) {
    const Clock::time_point begin = Clock::now();
    action();
    return Clock::now() - begin;
}

inline std::string process_of(Lease& lease) { return std::string{lease.execute(kProcess, {}).at(0, 0).value()}; }

inline bool is_full(const Pool& pool, std::size_t connections) {
    return comes_true([&] { return pool.counts().idle == connections; });
}

/// Keeps what the pool says.
class LogBook {
public:
    Log log() {
        return [this](const LogEntry& entry) {
            const std::lock_guard lock{mutex_};
            constexpr std::array<const char*, 4> kLevels{"debug ", "info ", "warning ", "error "};
            lines_.push_back(kLevels.at(static_cast<std::size_t>(entry.level)) + entry.text());
        };
    }

    /// The lines with this in them; each begins with its level.
    [[nodiscard]] std::vector<std::string> lines(const std::string& part) const {
        const std::lock_guard lock{mutex_};
        std::vector<std::string> found;
        std::copy_if(lines_.begin(), lines_.end(), std::back_inserter(found),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
        return found;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

/// Sees and ends the connections of the pools under test, which go by the name of the running test.
class Administrator {
public:
    Administrator()
        : pool_{{.dsn = require_environment("STACK_ADMIN_DSN"),
                 .statements = {kCount, kEnd, kEndOne, kEndOneWaiting},
                 .connections = 1,
                 .acquire_timeout = 10s,
                 .statement_timeout = 10s}} {}

    int count(const std::string& name) { return std::stoi(ask(kCount, {name})); }

    /// Returns when the server's process is gone.
    void end(const std::string& process) { ask(kEnd, {process}); }
    /// Whether there was one, and it was gone within 5 s.
    bool end_one_of(const std::string& name) { return ask(kEndOne, {name}) == "1"; }
    /// The same, of one that waits for a lock.
    bool end_one_waiting(const std::string& name) { return ask(kEndOneWaiting, {name}) == "1"; }

private:
    static constexpr Statement kCount{"count", "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"};
    static constexpr Statement kEnd{"end", "SELECT pg_terminate_backend($1::int, 5000)"};
    static constexpr Statement kEndOne{"end_one", R"sql(
        SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000))
          FROM (SELECT pid FROM pg_stat_activity WHERE application_name = $1 ORDER BY random() LIMIT 1) AS one
    )sql"};
    static constexpr Statement kEndOneWaiting{"end_one_waiting", R"sql(
        SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000))
          FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'
    )sql"};

    std::string ask(const Statement& statement, const Parameters& parameters) {
        return std::string{pool_.acquire(deadline_after(10s)).execute(statement, parameters).at(0, 0).value()};
    }

    Pool pool_;
};

class DatabaseTest : public testing::Test {
protected:
    const std::string name = std::string{"pool_test "} + testing::UnitTest::GetInstance()->current_test_info()->name();
    const std::string dsn = require_environment("STACK_WORKER_DSN");
    const std::string server_socket = word_of(dsn, "host") + "/.s.PGSQL.5432";

    /// With time-outs that no test reaches unless it sets them.
    [[nodiscard]] PoolOptions options(std::size_t connections) const {
        return {.dsn = dsn + " application_name='" + name + "'",
                .statements = kStatements,
                .connections = connections,
                .acquire_timeout = 10s,
                .statement_timeout = 10s};
    }

    static Lease borrow(Pool& pool) { return pool.acquire(deadline_after(10s)); }
};

}  // namespace fcgi_worker::pq
