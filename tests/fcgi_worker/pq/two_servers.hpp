/// A primary and a streaming standby of it, of a test's own: real ones, which a test may stop, pause and promote.
///
/// Threads: one at a time; the servers go with it.
/// Errors:  std::runtime_error where a server does not do what it is told; what it said stands on standard error.
#pragma once

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include "../temporary_folder.hpp"
#include "database.hpp"

namespace fcgi_worker::pq {

inline constexpr const char* kPrimary = "primary";
inline constexpr const char* kStandby = "standby";

class TwoServers {
public:
    TwoServers() { run("make", ""); }
    ~TwoServers() {
        try {
            run("wipe", "");
        } catch (const std::runtime_error& error) {
            ADD_FAILURE() << error.what();
        }
    }
    TwoServers(const TwoServers&) = delete;
    TwoServers& operator=(const TwoServers&) = delete;

    /// The `host` of a connection string.
    [[nodiscard]] std::string host(const std::string& server) const { return folder_ / ("sockets/" + server); }

    void stop(const char* server) const { run("stop", server); }
    void start(const char* server) const { run("start", server); }

private:
    void run(const std::string& action, const std::string& server) const {
        const std::string command = TWO_SERVERS " " + action + " " + folder_.path.string() + " " + server;
        // NOLINTNEXTLINE(cert-env33-c): the commands are the tests' own
        if (std::system(command.c_str()) != 0) throw std::runtime_error{command + " failed"};
    }

    TemporaryFolder folder_;
};

/// The superuser of one of them.
class Superuser {
public:
    static constexpr Statement kPause{"pause", "SELECT pg_wal_replay_pause()"};
    static constexpr Statement kPauseState{"pause_state", "SELECT pg_get_wal_replay_pause_state()"};
    static constexpr Statement kResume{"resume", "SELECT pg_wal_replay_resume()"};
    static constexpr Statement kPromote{"promote", "SELECT pg_promote(true, 20)"};
    static constexpr Statement kMark{"mark", "INSERT INTO mark SELECT count(*) + 1 FROM mark RETURNING n"};
    static constexpr Statement kLock{"lock", "DO $$ BEGIN LOCK TABLE locked IN ACCESS EXCLUSIVE MODE; END $$"};
    static constexpr Statement kSleepers{"sleepers", R"sql(
        SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'
    )sql"};
    /// Of the pool under test.
    static constexpr Statement kProcess{"process", R"sql(
        SELECT pid FROM pg_stat_activity WHERE application_name = 'pool' ORDER BY backend_start DESC
    )sql"};

    Superuser(const TwoServers& servers, const char* server)
        : pool_{{.dsn = "user=postgres dbname=postgres host=" + servers.host(server),
                 .statements = {kPause, kPauseState, kResume, kPromote, kMark, kLock, kSleepers, kProcess},
                 .connections = 1,
                 .acquire_timeout = 10s,
                 .statement_timeout = 30s}} {
        EXPECT_TRUE(pool_.wait_until_full(deadline_after(10s)));
    }

    void run(const Statement& statement) { lease().execute(statement, {}); }
    std::string ask(const Statement& statement) { return std::string{lease().execute(statement, {}).at(0, 0).value()}; }

    /// Returns when the standby replays no more, until resume().
    void pause() {
        run(kPause);
        if (!comes_true([&] { return ask(kPauseState) == "paused"; })) throw std::runtime_error{"it is not paused"};
    }

private:
    Lease lease() { return pool_.acquire(deadline_after(30s)); }

    Pool pool_;
};

}  // namespace fcgi_worker::pq
