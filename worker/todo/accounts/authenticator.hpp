/// Finds out from a request's access token for whom it acts. No database work.
///
/// The token in Authorization counts, and where there is no such header, that in the cookie todo_access.
///
/// Threads: it may be called from any thread.
/// Errors:  fcgi_worker::Problem: 401 not-signed-in, invalid-token, revoked; 403 cross-origin.
#pragma once

#include <fcgi_worker/http.hpp>

#include "accounts/revocations.hpp"
#include "accounts/token.hpp"
#include "identity.hpp"

namespace todo {

class Authenticator {
public:
    /// Both outlive it.
    Authenticator(const Tokens& tokens, const Revocations& revocations) : tokens_(tokens), revocations_(revocations) {}

    [[nodiscard]] Identity operator()(const fcgi_worker::Request& request) const;

private:
    const Tokens& tokens_;
    const Revocations& revocations_;
};

}  // namespace todo
