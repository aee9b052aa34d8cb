#include "accounts/accounts.hpp"

#include "accounts/account_routes.hpp"
#include "accounts/link_routes.hpp"

namespace todo {

Accounts::Accounts(fcgi_worker::pq::Pool& pool, const TokenOptions& tokens, const MailOptions& mail,
                   const fcgi_worker::Log& log)
    : tokens_(tokens),
      store_(pool),
      links_(pool),
      passwords_(log),
      revocations_(store_, log),
      authenticator_(tokens_, revocations_) {
    if (!mail.command.empty()) mails_.emplace(mail, store_, links_, log);
}

void Accounts::add_routes(fcgi_worker::Router& router) {
    add_account_routes(router, {store_, tokens_, passwords_, identify()});
    add_link_routes(router, {store_, links_, mails_ ? &*mails_ : nullptr, passwords_, identify()});
}

Identify Accounts::identify() const { return authenticator_; }

AccountCounts Accounts::counts() const {
    AccountCounts counts{passwords_.counts(), {}, revocations_.size(), revocations_.age()};
    if (mails_) counts.mails = mails_->counts();
    return counts;
}

}  // namespace todo
