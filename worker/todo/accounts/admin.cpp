#include "accounts/admin.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include <fcgi_worker/pq/pool.hpp>

#include "accounts/email.hpp"
#include "accounts/pg_account_store.hpp"
#include "pg_text.hpp"
#include "spread_statements.hpp"

namespace todo {
namespace {

using fcgi_worker::pq::Pool;

constexpr std::chrono::seconds kLongestStep{60};
constexpr std::chrono::milliseconds kPause{50};  // between two steps: clients come first
constexpr std::size_t kStepRows = 1000;
constexpr std::size_t kStepAccounts = 100;  // of a sweep: each may have thousands of todos

Budget one_step() { return {fcgi_worker::deadline_after(kLongestStep)}; }

fcgi_worker::pq::PoolOptions pool_options(const AdminOptions& options) {
    fcgi_worker::pq::PoolOptions pool;
    pool.dsn = options.database;
    pool.connections = 1;
    pool.acquire_timeout = std::chrono::seconds{10};
    pool.statement_timeout = kLongestStep;
    pool.lock_timeout = std::chrono::seconds{10};
    add_forms(pool.statements, kAccountStatements, options.shards);
    add_forms(pool.statements, kAdminStatements, options.shards);
    add_forms(pool.statements, std::array{kPurgeTombstones, kPurgeWriteKeys}, options.shards);
    return pool;
}

std::size_t read_count(const Rows& rows, std::size_t column) {
    return static_cast<std::size_t>(read_number(require_text(rows, 0, column)));
}

StoredAccount find(AccountStore& store, const std::string& who) {
    const auto owner = Uuid::parse(who);
    auto found = owner ? store.read(OwnerId{*owner}, one_step()) : store.find_by_email(email_digest(who), one_step());
    if (!found) throw std::runtime_error("there is no account '" + who + "': give an owner's id or an email");
    return *std::move(found);
}

/// Columns with tabs between them: none of them can have one in it.
void list(Pool& pool, const AdminOptions& options, std::ostream& out) {
    const auto after = options.after.empty() ? Uuid{} : Uuid::parse(options.after);
    if (!after) throw std::runtime_error("--after is no owner's id");
    const Rows rows =
        pool.acquire(one_step()).execute(kAccountList, {after->to_string(), std::to_string(options.limit)});
    out << "owner\temail\tcreated\tstate\tsessions\n";
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const auto email = rows.at(row, 1);
        const bool is_blocked = rows.at(row, 5) == "t";
        out << rows.at(row, 0).value() << '\t' << email.value_or("-") << '\t' << rows.at(row, 3).value() << '\t'
            << (is_blocked ? "blocked" : (email ? "user" : "visitor")) << '\t' << rows.at(row, 6).value() << '\n';
    }
}

std::size_t purge(Pool& pool, const Statement& statement, std::size_t shards) {
    const Statement step_of = form_of(statement, shards);
    std::size_t removed = 0;
    for (;;) {
        const Rows rows = pool.acquire(one_step()).execute(step_of, {std::to_string(kStepRows)});
        const std::size_t step = read_count(rows, 0);
        removed += step;
        if (step < kStepRows) return removed;
        std::this_thread::sleep_for(kPause);
    }
}

std::size_t purge_visitors(Pool& pool) {
    std::size_t removed = 0;
    std::string last = Uuid{}.to_string();
    for (;;) {
        const Rows rows = pool.acquire(one_step()).execute(kVisitorPurge, {last, std::to_string(kStepAccounts)});
        const auto next = rows.at(0, 0);
        if (!next) return removed;
        last = *next;
        const std::size_t step = read_count(rows, 1);
        removed += step;
        if (step > 0) std::this_thread::sleep_for(kPause);
    }
}

void sweep(Pool& pool, std::size_t shards, std::ostream& out) {
    const auto purged = [&](const Statement& statement) { return purge(pool, statement, shards); };
    out << purged(kSessionPurge) << " sessions that were not used for 90 days\n"
        << purge_visitors(pool) << " accounts without an email that nobody can reach any more\n"
        << purged(kOrphanPurge) << " todos of owners that were removed\n"
        << purged(kLinkPurge) << " links in mails of a day ago\n"
        << purged(kRevocationPurge) << " revocations of a day ago\n"
        << purged(kPurgeTombstones) << " tombstones of todos of 30 days ago\n"
        << purged(kPurgeWriteKeys) << " Idempotency-Keys of a day ago\n";
}

void require_there(bool is_there) {
    if (!is_there) throw std::runtime_error{"the account was removed meanwhile"};
}

}  // namespace

void run_admin(const AdminOptions& options, std::ostream& out) {
    Pool pool{pool_options(options)};
    pool.wait_until_full(fcgi_worker::deadline_after(std::chrono::seconds{10}));
    PgAccountStore store{pool};
    if (options.action == AdminAction::kList) return list(pool, options, out);
    if (options.action == AdminAction::kSweep) return sweep(pool, options.shards, out);

    const StoredAccount found = find(store, options.who);
    const OwnerId owner = found.account.owner;
    const char* done = "";
    switch (options.action) {
        case AdminAction::kBlock:
            require_there(store.block(owner, one_step()));
            done = "blocked";
            break;
        case AdminAction::kUnblock:
            require_there(store.unblock(owner, one_step()));
            done = "unblocked";
            break;
        case AdminAction::kEndSessions:
            store.end_session(owner, std::nullopt, one_step());
            done = "signed out everywhere";
            break;
        case AdminAction::kRemoveAccount:
            if (!store.remove(found, one_step()))
                throw std::runtime_error("the account has changed meanwhile: try again");
            done = "removed";
            break;
        case AdminAction::kList:
        case AdminAction::kSweep:
            break;
    }
    out << owner.value.to_string() << ' ' << done << '\n';
}

}  // namespace todo
