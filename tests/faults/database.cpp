#include "database.hpp"

#include <chrono>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <utility>

#include "../patience.hpp"
#include "client.hpp"
#include "json.hpp"
#include "stack.hpp"

namespace api {
namespace {

using fcgi_worker::deadline_after;
using fcgi_worker::pq::Rows;
using fcgi_worker::pq::Statement;

constexpr std::size_t kSessions = 4;  // one holds a lock, one waits for a commit, one asks, one to spare

/// $1 owner; other tests leave other owners' behind.
constexpr Statement kTitles{"titles", R"sql(
    SELECT title
      FROM todo
     WHERE owner_id = $1::uuid AND deleted_at IS NULL
)sql"};

/// As tests/api/statements_test.cpp counts them. One that is ended is not finished.
constexpr Statement kFinished{"finished", R"sql(
    SELECT COALESCE(sum(calls), 0)::bigint
      FROM pg_stat_statements
     WHERE userid = 'todo_worker'::regrole AND query NOT LIKE '%SKIP LOCKED%'
       AND query NOT LIKE '%FROM revocation%'
)sql"};

constexpr Statement kBackends{"backends", "SELECT pid FROM pg_stat_activity WHERE usename = 'todo_worker'"};

/// $1 a type of events that sessions wait for, or an event. One that is younger than the lock prepares its statements,
/// for which it needs the table too: no request is on it.
constexpr Statement kEndWaiting{"end_waiting", R"sql(
    SELECT count(*) FILTER (WHERE has_ended)
      FROM (SELECT pg_terminate_backend(pid, 5000) AS has_ended
              FROM pg_stat_activity
             WHERE usename = 'todo_worker' AND $1 IN (wait_event_type, wait_event)
               AND backend_start < COALESCE((SELECT min(xact_start)
                                               FROM pg_stat_activity
                                              WHERE usename <> 'todo_worker' AND state = 'idle in transaction'),
                                            'infinity')) AS ended
)sql"};

/// Waits for none of them: that would take a tenth of a second each, and they are 40.
constexpr Statement kEndAll{"end_all", R"sql(
    SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'todo_worker'
)sql"};

constexpr Statement kIsFull{"is_full", R"sql(
    SELECT count(*) >= current_setting('max_connections')::int
                       - current_setting('superuser_reserved_connections')::int
      FROM pg_stat_activity
     WHERE backend_type = 'client backend'
)sql"};

constexpr Statement kKeepOut{"keep_out", "ALTER ROLE todo_worker CONNECTION LIMIT 0"};
constexpr Statement kLetIn{"let_in", "ALTER ROLE todo_worker CONNECTION LIMIT -1"};
constexpr Statement kReadOnly{"read_only", "ALTER SYSTEM SET default_transaction_read_only = on"};
constexpr Statement kWritable{"writable", "ALTER SYSTEM RESET default_transaction_read_only"};
constexpr Statement kHoldCommits{"hold_commits", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"};
constexpr Statement kReleaseCommits{"release_commits", "ALTER SYSTEM RESET synchronous_standby_names"};
constexpr Statement kReload{"reload", "SELECT pg_reload_conf()"};

/// A commit of the administrator, which leaves nothing behind.
constexpr Statement kCommit{"commit", "SELECT pg_logical_emit_message(true, 'fault', '')"};
constexpr Statement kEndCommit{"end_commit", R"sql(
    SELECT count(*) FILTER (WHERE has_ended)
      FROM (SELECT pg_terminate_backend(pid, 5000) AS has_ended
              FROM pg_stat_activity
             WHERE usename <> 'todo_worker' AND wait_event = 'SyncRep') AS ended
)sql"};

constexpr Statement kBegin{"begin", "BEGIN"};
constexpr Statement kLock{"lock", "LOCK TABLE todo IN ACCESS EXCLUSIVE MODE"};
constexpr Statement kRollback{"rollback", "ROLLBACK"};

int number(const Rows& rows) { return std::stoi(std::string{rows.at(0, 0).value()}); }

std::vector<std::string> first_column(const Rows& rows) {
    std::vector<std::string> values;
    values.reserve(rows.size());
    for (std::size_t row = 0; row < rows.size(); ++row) values.emplace_back(rows.at(row, 0).value());
    return values;
}

}  // namespace

Database::Database()
    : owner_(text_at(get("/v1/account", {{"Authorization", authorization()}}), "/id")),
      sessions_{{.dsn = stack::setting("ADMIN_DSN"),
                 .statements = {kTitles, kFinished, kBackends, kEndWaiting, kEndAll, kIsFull, kKeepOut, kLetIn,
                                kReadOnly, kWritable, kHoldCommits, kReleaseCommits, kReload, kCommit, kEndCommit,
                                kBegin, kLock, kRollback},
                 .connections = kSessions,
                 .acquire_timeout = kPatience,
                 .statement_timeout = 2 * kPatience,
                 .lock_timeout = kPatience}} {
    if (!sessions_.wait_until_full(deadline_after(kPatience))) throw std::runtime_error("the database is away");
}

Rows Database::ask(const Statement& statement, const std::string& word) {
    fcgi_worker::pq::Parameters parameters;
    if (!word.empty()) parameters.emplace_back(word);
    return sessions_.acquire(deadline_after(kPatience)).execute(statement, parameters);
}

bool Database::answers() {
    try {
        ask(kBackends);
        return true;
    } catch (const fcgi_worker::Unavailable&) {
        return false;
    }
}

std::vector<std::string> Database::titles() { return first_column(ask(kTitles, owner_)); }

long Database::finished_statements() { return number(ask(kFinished)); }

std::vector<int> Database::backends() {
    std::vector<int> processes;
    for (const std::string& process : first_column(ask(kBackends))) processes.push_back(std::stoi(process));
    return processes;
}

int Database::end_waiting_for(const std::string& event) { return number(ask(kEndWaiting, event)); }
int Database::end_all() { return number(ask(kEndAll)); }
bool Database::is_full() { return ask(kIsFull).at(0, 0) == "t"; }

void Database::keep_workers_out() { ask(kKeepOut); }
void Database::let_workers_in() { ask(kLetIn); }

void Database::make_read_only() {
    ask(kReadOnly);
    ask(kReload);
}

void Database::make_writable() {
    ask(kWritable);
    ask(kReload);
}

void Database::hold_commits() {
    ask(kHoldCommits);
    ask(kReload);
    // The server's processes take that up one after the other. When they have, a commit of ours waits too, and is
    // ended.
    const auto commits = std::async(std::launch::async, [this, end = deadline_after(kPatience)] {
        try {
            while (fcgi_worker::Clock::now() < end) ask(kCommit);
        } catch (const fcgi_worker::Unavailable&) {  // ended
        }
    });
    if (!comes_true([this] { return number(ask(kEndCommit)) == 1; })) throw std::runtime_error("commits do not wait");
}

void Database::release_commits() {
    ask(kReleaseCommits);
    ask(kReload);
}

Database::TableLock::TableLock(Database& database) : session_(database.sessions_.acquire(deadline_after(kPatience))) {
    session_.execute(kBegin, {});
    session_.execute(kLock, {});
}

Database::TableLock::~TableLock() { session_.execute(kRollback, {}); }

}  // namespace api
