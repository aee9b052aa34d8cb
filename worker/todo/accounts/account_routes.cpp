#include "accounts/account_routes.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "accounts/account_wire.hpp"
#include "accounts/cookies.hpp"
#include "accounts/email.hpp"
#include "accounts/refresh_token.hpp"
#include "answers.hpp"
#include "faults.hpp"
#include "headers.hpp"
#include "problems.hpp"
#include "query.hpp"

namespace todo {
namespace {

using fcgi_worker::Problem;
using fcgi_worker::Request;
using fcgi_worker::Response;
using fcgi_worker::Router;

struct Call {
    const Request& request;
    const AccountParts& parts;

    [[nodiscard]] Budget budget() const { return request.budget(); }
    [[nodiscard]] Identity identity() const { return parts.identify(request); }
};

Session session_of(const RefreshToken& token) { return {token.session, token.digest}; }

Grant grant_of(const Call& call, const RefreshToken& token) {
    return {call.parts.tokens.sign(token.owner, token.session, std::chrono::system_clock::now()), kTokenLife,
            token.text};
}

/// How somebody is told that he is let in.
struct Welcome {
    int status;
    std::optional<Account> account;
    TokensIn tokens_in;
};
Response welcome(const Call& call, const RefreshToken& token, const Welcome& how) {
    const Grant grant = grant_of(call, token);
    Response answer = secret_answer(how.status, to_json(grant, how.account, how.tokens_in));
    return how.tokens_in == TokensIn::kBody ? answer : with_cookies(std::move(answer), cookies_of(grant));
}

Response farewell(const Identity& who) {
    return who.by_cookie ? with_cookies(empty_answer(204), ended_cookies()) : empty_answer(204);
}

/// Else a page of somebody else could sign its visitors in to an account of its own.
void require_own_page(const Call& call, TokensIn tokens_in) {
    if (tokens_in == TokensIn::kCookies) require_own_origin(call.request);
}

/// The account of whoever is signed in.
StoredAccount require_account(const Call& call, OwnerId owner) {
    auto stored = call.parts.store.read(owner, call.budget());
    if (!stored) throw problems::no_account();
    return *std::move(stored);
}

/// Of an account that has one, the password has to come with the request.
void require_password(const Call& call, const StoredAccount& stored, const std::optional<std::string>& password,
                      std::string_view field) {
    if (!stored.password_hash) return;
    if (!password) {
        Faults faults;
        faults.add(field, "It is required: the password as it is now.");
        faults.throw_if_any();
    }
    if (!call.parts.passwords.matches(stored.password_hash, *password, call.budget())) throw problems::wrong_password();
}

/// POST /v1/accounts -> 201 with Location, the account and its first session. `{}` makes one for a visitor.
///     400 no JSON   403 cookies, and no page of ours   409 the email is taken   415 not application/json   422 bad
///     field   503 too many passwords at once
Response create_account(const Call& call) {
    refuse_query(call.request.query);
    require_json(call.request);
    const SignUp sign_up = parse_sign_up(call.request.body);
    require_own_page(call, sign_up.tokens_in);
    std::optional<Credentials> credentials;
    if (const auto& wanted = sign_up.credentials) {
        const std::string digest = email_digest(wanted->email);
        // Before the expensive part; what comes in between is found by the statement that creates.
        if (call.parts.store.find_by_email(digest, call.budget())) throw problems::email_taken();
        credentials = {wanted->email, digest, call.parts.passwords.hash(wanted->password, call.budget())};
    }
    const RefreshToken token = make_refresh_token(OwnerId{make_uuid_v7()}, make_uuid_v7());
    const auto account = call.parts.store.create(token.owner, credentials, session_of(token), call.budget());
    if (!account) throw problems::email_taken();
    return welcome(call, token, {201, account, sign_up.tokens_in}).with("Location", "/v1/account");
}

/// POST /v1/sessions -> 201 with an access token and a refresh token
///     400 no JSON   401 wrong email or password   403 blocked; cookies, and no page of ours
///     415 not application/json   422 bad field   503 too many passwords at once
/// Whether there is an account of this email shows neither in the answer nor in its time.
Response start_session(const Call& call) {
    refuse_query(call.request.query);
    require_json(call.request);
    const Attempt attempt = parse_sign_in(call.request.body);
    require_own_page(call, attempt.tokens_in);
    const auto stored = call.parts.store.find_by_email(email_digest(attempt.email), call.budget());
    const auto hash = stored ? stored->password_hash : std::nullopt;
    if (!call.parts.passwords.matches(hash, attempt.password, call.budget())) throw problems::wrong_credentials();
    if (stored->is_blocked) throw problems::account_blocked();

    const RefreshToken token = make_refresh_token(stored->account.owner, make_uuid_v7());
    if (!call.parts.store.start_session(*stored, session_of(token), call.budget())) throw problems::wrong_credentials();
    return welcome(call, token, {201, stored->account, attempt.tokens_in}).with("Location", "/v1/sessions/current");
}

/// POST /v1/sessions/refresh -> 200 with an access token, and the refresh token that is good from now on
///     400 no JSON   401 no such session, or the token was used before   403 blocked; a cookie, and no page of ours
///     415 not application/json   422 bad field
/// A token that came in a cookie is answered with cookies. They are taken back where there is no session any more.
Response refresh_session(const Call& call) {
    refuse_query(call.request.query);
    require_json(call.request);
    const auto sent = parse_refresh(call.request.body);
    const auto cookie = sent ? std::nullopt : find_cookie(call.request, kRefreshCookie);
    if (!sent && !cookie) throw invalid_fields({{"/refresh_token", "It is required, here or in a cookie."}});
    const TokensIn tokens_in = cookie ? TokensIn::kCookies : TokensIn::kBody;
    require_own_page(call, tokens_in);
    const auto ended = [&](Problem why) {
        return cookie ? with_cookies(std::move(why), ended_cookies()) : std::move(why);
    };
    const auto used = parse_refresh_token(cookie ? *cookie : *sent);
    if (!used) throw ended(problems::session_ended());
    const RefreshToken next = make_refresh_token(used->owner, used->session);
    switch (call.parts.store.refresh(used->owner, used->digest, session_of(next), call.budget())) {
        case Refresh::kRefreshed:
            return welcome(call, next, {200, std::nullopt, tokens_in});
        case Refresh::kBlocked:
            throw problems::account_blocked();
        case Refresh::kStolen:
            throw ended(problems::refresh_token_reused());
        case Refresh::kEnded:
            break;
    }
    throw ended(problems::session_ended());
}

/// DELETE /v1/sessions/current -> 204; its refresh token is good no more
///     401 not signed in
Response end_session(const Call& call) {
    refuse_query(call.request.query);
    const Identity who = call.identity();
    if (who.session) call.parts.store.end_session(who.owner, who.session, call.budget());
    return farewell(who);
}

/// DELETE /v1/sessions -> 204; everywhere
///     401 not signed in
Response end_sessions(const Call& call) {
    refuse_query(call.request.query);
    const Identity who = call.identity();
    call.parts.store.end_session(who.owner, std::nullopt, call.budget());
    return farewell(who);
}

/// GET /v1/account -> 200
///     401 not signed in   404 signed in by another issuer, or deleted
Response read_account(const Call& call) {
    refuse_query(call.request.query);
    return json_answer(200, to_json(require_account(call, call.identity().owner).account));
}

/// PATCH /v1/account {email, password, current_password} -> 200; the other sessions end. A visitor's account becomes
/// one with an email and a password.
///     400 no JSON   401 not signed in   403 wrong password   404 as GET   409 the email is taken   415 as for todos
///     422 bad field   503 too many passwords at once
Response change_account(const Call& call) {
    refuse_query(call.request.query);
    require_merge_patch(call.request);
    const Identity who = call.identity();
    const AccountPatch patch = parse_account_patch(call.request.body);
    const StoredAccount stored = require_account(call, who.owner);
    Faults faults;
    if (!stored.password_hash && !patch.email) faults.add("email", "It is required: the account has none yet.");
    if (!stored.password_hash && !patch.password) faults.add("password", "It is required: the account has none yet.");
    faults.throw_if_any();
    require_password(call, stored, patch.current_password, "current_password");

    AccountChanges changes{.email = patch.email};
    if (patch.email) changes.email_digest = email_digest(*patch.email);
    if (patch.password) changes.password_hash = call.parts.passwords.hash(*patch.password, call.budget());
    const ChangeResult result = call.parts.store.change(stored, changes, who.session.value_or(Uuid{}), call.budget());
    switch (result.outcome) {
        case ChangeResult::Outcome::kChanged:
            return json_answer(200, to_json(result.account.value()));
        case ChangeResult::Outcome::kTaken:
            throw problems::email_taken();
        case ChangeResult::Outcome::kStale:
            break;
    }
    throw problems::wrong_password();  // It was changed while this one was checked.
}

/// DELETE /v1/account {password} -> 204; every row of its owner is gone
///     400 no JSON   401 not signed in   403 wrong password   404 as GET   415 not application/json   422 bad field
///     503 too many passwords at once
Response remove_account(const Call& call) {
    refuse_query(call.request.query);
    if (!call.request.body.empty()) require_json(call.request);
    const Identity who = call.identity();
    const auto password = parse_removal(call.request.body);
    const StoredAccount stored = require_account(call, who.owner);
    require_password(call, stored, password, "password");
    if (!call.parts.store.remove(stored, call.budget())) throw problems::wrong_password();
    return farewell(who);
}

}  // namespace

void add_account_routes(Router& router, const AccountParts& parts) {
    const auto route = [&](const char* method, const char* pattern, Response (*handler)(const Call&)) {
        router.add(method, pattern, [parts, handler](const Request& request) { return handler(Call{request, parts}); });
    };
    route("POST", "/v1/accounts", create_account);
    route("POST", "/v1/sessions", start_session);
    route("DELETE", "/v1/sessions", end_sessions);
    route("POST", "/v1/sessions/refresh", refresh_session);
    route("DELETE", "/v1/sessions/current", end_session);
    route("GET", "/v1/account", read_account);
    route("PATCH", "/v1/account", change_account);
    route("DELETE", "/v1/account", remove_account);
}

void add_everybodys_account(Router& router, OwnerId owner) {
    router.add("GET", "/v1/account", [owner](const Request& request) {
        refuse_query(request.query);
        return json_answer(200, to_json(Account{.owner = owner}));
    });
}

}  // namespace todo
