#include "accounts/link_routes.hpp"

#include <string>

#include "accounts/account_wire.hpp"
#include "accounts/email.hpp"
#include "answers.hpp"
#include "headers.hpp"
#include "problems.hpp"
#include "query.hpp"

namespace todo {
namespace {

using fcgi_worker::Request;
using fcgi_worker::Response;
using fcgi_worker::Router;

struct LinkCall {
    const Request& request;
    const LinkParts& parts;

    [[nodiscard]] Budget budget() const { return request.budget(); }
    [[nodiscard]] LinkMails& mails() const { return *parts.mails; }
};

LinkCode require_code(const std::string& text) {
    auto code = parse_link_code(text);
    if (!code) throw problems::link_ended();
    return *std::move(code);
}

/// POST /v1/email-verifications -> 202; a mail with a link is on its way to the account's email
///     400 no JSON   401 not signed in   404 signed in by another issuer, or deleted   409 nothing to verify
///     415 not application/json   422 bad field   501 no mails   503 too many mails at once
Response start_verification(const LinkCall& call) {
    const OwnerId owner = call.parts.identify(call.request).owner;
    if (!call.request.body.empty()) {
        require_json(call.request);
        parse_nothing(call.request.body);
    }
    const auto found = call.parts.accounts.read(owner, call.budget());
    if (!found) throw problems::no_account();
    if (!found->account.email || found->account.email_verified) throw problems::nothing_to_verify();
    call.mails().send_verification(owner);
    return empty_answer(202);
}

/// POST /v1/email-verifications/confirm {code} -> 204; the account's email is verified
///     400 no JSON   410 the link is not good   415 not application/json   422 bad field   501 no mails
/// For whoever has the mail, signed in or not.
Response confirm_verification(const LinkCall& call) {
    require_json(call.request);
    const LinkCode code = require_code(parse_link(call.request.body));
    if (!call.parts.links.verify_email(code, call.budget())) throw problems::link_ended();
    return empty_answer(204);
}

/// POST /v1/password-resets {email} -> 202; where there is such an account, a mail with a link is on its way
///     400 no JSON   415 not application/json   422 bad field   501 no mails   503 too many mails at once
/// Whether there is one shows neither in the answer nor in its time: it is looked up later.
Response start_reset(const LinkCall& call) {
    require_json(call.request);
    call.mails().send_password_reset(email_digest(parse_reset_request(call.request.body)));
    return empty_answer(202);
}

/// POST /v1/password-resets/confirm {code, password} -> 204; the account has this password, and all its sessions end
///     400 no JSON   403 blocked   410 the link is not good   415 not application/json   422 bad field   501 no mails
///     503 too many passwords at once
Response confirm_reset(const LinkCall& call) {
    require_json(call.request);
    const Reset reset = parse_reset(call.request.body);
    const LinkCode code = require_code(reset.code);
    // Before the expensive part; what comes in between is found by the statement that changes.
    switch (call.parts.links.state_of(code, LinkPurpose::kResetPassword, call.budget())) {
        case LinkStore::State::kGood:
            break;
        case LinkStore::State::kBlocked:
            throw problems::account_blocked();
        case LinkStore::State::kEnded:
            throw problems::link_ended();
    }
    const std::string hash = call.parts.passwords.hash(reset.password, call.budget());
    if (!call.parts.links.reset_password(code, hash, call.budget())) throw problems::link_ended();
    return empty_answer(204);
}

}  // namespace

void add_link_routes(Router& router, const LinkParts& parts) {
    const auto route = [&](const char* pattern, Response (*handler)(const LinkCall&)) {
        router.add("POST", pattern, [parts, handler](const Request& request) {
            refuse_query(request.query);
            if (parts.mails == nullptr) throw problems::no_mail();
            return handler(LinkCall{request, parts});
        });
    };
    route("/v1/email-verifications", start_verification);
    route("/v1/email-verifications/confirm", confirm_verification);
    route("/v1/password-resets", start_reset);
    route("/v1/password-resets/confirm", confirm_reset);
}

}  // namespace todo
