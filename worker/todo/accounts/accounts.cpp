#include "accounts/accounts.hpp"

#include "accounts/account_routes.hpp"

namespace todo {

Accounts::Accounts(fcgi_worker::pq::Pool& pool, const TokenOptions& tokens, const fcgi_worker::Log& log)
    : tokens_(tokens),
      store_(pool),
      passwords_(log),
      revocations_(store_, log),
      authenticator_(tokens_, revocations_) {}

void Accounts::add_routes(fcgi_worker::Router& router) {
    add_account_routes(router, {store_, tokens_, passwords_, identify()});
}

Identify Accounts::identify() const { return authenticator_; }

AccountCounts Accounts::counts() const { return {passwords_.counts(), revocations_.size(), revocations_.age()}; }

}  // namespace todo
