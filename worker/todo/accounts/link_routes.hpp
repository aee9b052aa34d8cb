/// The HTTP API of what goes through a mail: an email is verified, a lost password replaced.
///
/// Threads: the router's; what LinkParts names is shared by all of them and outlives the router.
#pragma once

#include <fcgi_worker/router.hpp>

#include "accounts/account_store.hpp"
#include "accounts/link_mails.hpp"
#include "accounts/link_store.hpp"
#include "accounts/passwords.hpp"
#include "identity.hpp"

namespace todo {

struct LinkParts {
    AccountStore& accounts;
    LinkStore& links;
    LinkMails* mails;  ///< Null: this service sends no mail. Then each of its routes says so.
    Passwords& passwords;
    Identify identify;
};

void add_link_routes(fcgi_worker::Router& router, const LinkParts& parts);

}  // namespace todo
