/// The HTTP API of accounts and sessions: what is answered to which request.
///
/// Threads: the router's; what AccountParts names is shared by all of them and outlives the router.
#pragma once

#include <fcgi_worker/router.hpp>

#include "accounts/account_store.hpp"
#include "accounts/passwords.hpp"
#include "accounts/token.hpp"
#include "identity.hpp"

namespace todo {

struct AccountParts {
    AccountStore& store;
    const Tokens& tokens;
    Passwords& passwords;
    Identify identify;
};

void add_account_routes(fcgi_worker::Router& router, const AccountParts& parts);

/// Instead, where nobody signs in: GET /v1/account, the one owner that all requests act for. Nothing changes it, and
/// OPTIONS says so, by which a page can tell.
void add_everybodys_account(fcgi_worker::Router& router, OwnerId owner);

}  // namespace todo
