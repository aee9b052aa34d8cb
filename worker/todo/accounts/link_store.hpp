/// Where one-time links are kept: in PostgreSQL, each call one execution of one prepared statement.
///
/// Threads: every member may be called from any thread.
/// Errors:  as PgAccountStore.
#pragma once

#include <string>

#include <fcgi_worker/deadline.hpp>
#include <fcgi_worker/pq/pool.hpp>

#include "accounts/one_time_link.hpp"

namespace todo {

using fcgi_worker::Budget;

class LinkStore {
public:
    /// What a link is good for at this moment.
    enum class State { kGood, kEnded, kBlocked };

    /// `pool` has kAccountStatements and outlives the store.
    explicit LinkStore(fcgi_worker::pq::Pool& pool) : pool_(pool) {}

    /// In the place of an earlier one. False: the last one is younger than kBetweenMails, or the account has another
    /// email by now.
    bool create(const LinkCode& code, LinkPurpose purpose, const std::string& email, Budget budget);

    [[nodiscard]] State state_of(const LinkCode& code, LinkPurpose purpose, Budget budget);

    /// Uses the link. False: it is not good, or was used at this moment.
    bool verify_email(const LinkCode& code, Budget budget);

    /// Uses the link, and ends every session. False as above.
    bool reset_password(const LinkCode& code, const std::string& password_hash, Budget budget);

private:
    fcgi_worker::pq::Pool& pool_;
};

}  // namespace todo
