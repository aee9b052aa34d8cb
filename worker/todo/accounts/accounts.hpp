/// Accounts, with all that they need, behind one door for main.cpp.
///
/// Threads: those of Passwords, LinkMails and Revocations, from construction to destruction.
/// Errors:  the constructor throws std::runtime_error where the keys cannot be used, in one line for the operator.
#pragma once

#include <optional>

#include <fcgi_worker/log.hpp>
#include <fcgi_worker/pq/pool.hpp>
#include <fcgi_worker/router.hpp>

#include "accounts/account_counts.hpp"
#include "accounts/authenticator.hpp"
#include "accounts/link_mails.hpp"
#include "accounts/link_store.hpp"
#include "accounts/mail.hpp"
#include "accounts/passwords.hpp"
#include "accounts/pg_account_store.hpp"
#include "accounts/revocations.hpp"
#include "accounts/token.hpp"
#include "identity.hpp"

namespace todo {

class Accounts {
public:
    /// `pool` has kAccountStatements and outlives the accounts.
    Accounts(fcgi_worker::pq::Pool& pool, const TokenOptions& tokens, const MailOptions& mail,
             const fcgi_worker::Log& log);

    /// The accounts outlive `router`, and whatever has the result of identify().
    void add_routes(fcgi_worker::Router& router);
    [[nodiscard]] Identify identify() const;

    [[nodiscard]] AccountCounts counts() const;

private:
    Tokens tokens_;
    PgAccountStore store_;
    LinkStore links_;
    Passwords passwords_;
    std::optional<LinkMails> mails_;
    Revocations revocations_;
    Authenticator authenticator_;
};

}  // namespace todo
