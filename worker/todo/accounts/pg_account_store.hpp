/// Accounts in PostgreSQL: each call is one execution of one prepared statement.
///
/// Threads: every member may be called from any thread.
/// Errors:  fcgi_worker::Unavailable and what is derived from it; fcgi_worker::pq::SqlError and std::runtime_error are
/// bugs.
#pragma once

#include <fcgi_worker/pq/pool.hpp>

#include "accounts/account_store.hpp"

namespace todo {

class PgAccountStore final : public AccountStore {
public:
    /// `pool` has kAccountStatements and outlives the store.
    explicit PgAccountStore(fcgi_worker::pq::Pool& pool) : pool_(pool) {}

    std::optional<Account> create(OwnerId owner, const std::optional<Credentials>& credentials, const Session& session,
                                  Budget budget) override;
    [[nodiscard]] std::optional<StoredAccount> find_by_email(const std::string& email_digest, Budget budget) override;
    [[nodiscard]] std::optional<StoredAccount> read(OwnerId owner, Budget budget) override;
    ChangeResult change(const StoredAccount& before, const AccountChanges& changes, Uuid session,
                        Budget budget) override;
    bool remove(const StoredAccount& checked, Budget budget) override;
    bool start_session(const StoredAccount& checked, const Session& session, Budget budget) override;
    Refresh refresh(OwnerId owner, const std::string& token_digest, const Session& next, Budget budget) override;
    void end_session(OwnerId owner, std::optional<Uuid> session, Budget budget) override;
    bool block(OwnerId owner, Budget budget) override;
    bool unblock(OwnerId owner, Budget budget) override;
    [[nodiscard]] std::vector<Revocation> revocations(Budget budget) override;

private:
    fcgi_worker::pq::Pool& pool_;
};

}  // namespace todo
