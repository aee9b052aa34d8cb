/// The errors of the API that more than one place answers with. Those of a body are in json_object.hpp and faults.hpp,
/// those of the router (404 of an unknown path, 405, 500, 503) in the library.
///
/// Threads: functions without state.
#pragma once

#include <string>

#include <fcgi_worker/problem.hpp>

namespace todo::problems {

using fcgi_worker::Problem;

[[nodiscard]] inline Problem invalid_query(std::string detail) {
    return {400, "invalid-query", "Invalid query", std::move(detail)};
}

[[nodiscard]] inline Problem invalid_header(std::string detail) {
    return {400, "invalid-header", "Invalid header", std::move(detail)};
}

[[nodiscard]] inline Problem not_signed_in() {
    return Problem{401, "not-signed-in", "Not signed in", "Sign in, and send the token in the Authorization header."}
        .with("WWW-Authenticate", "Bearer");
}

/// `why` is a few words without quotes.
[[nodiscard]] inline Problem invalid_token(const std::string& why) {
    return Problem{401, "invalid-token", "Invalid token", "The access token is not good: " + why + "."}.with(
        "WWW-Authenticate", R"(Bearer error="invalid_token", error_description=")" + why + '"');
}

/// Blocked, deleted, or with a new password, while the token would still be good.
[[nodiscard]] inline Problem revoked() {
    return Problem{401, "revoked", "Revoked",
                   "The account was blocked or deleted, or its password was replaced: sign in again, if you can."}
        .with("WWW-Authenticate", R"(Bearer error="invalid_token", error_description="it was revoked")");
}

/// Whether there is an account of that email stays open.
[[nodiscard]] inline Problem wrong_credentials() {
    return Problem{401, "wrong-credentials", "Wrong email or password",
                   "There is no account with this email and this password."}
        .with("WWW-Authenticate", "Bearer");
}

[[nodiscard]] inline Problem session_ended() {
    return Problem{401, "session-ended", "Session ended", "There is no session of this refresh token: sign in again."}
        .with("WWW-Authenticate", "Bearer");
}

[[nodiscard]] inline Problem refresh_token_reused() {
    return Problem{401, "refresh-token-reused", "Refresh token reused",
                   "This refresh token was used before, by you or by a thief: the session has ended. Sign in again."}
        .with("WWW-Authenticate", "Bearer");
}

[[nodiscard]] inline Problem account_blocked() {
    return {403, "account-blocked", "Account blocked", "The account has been blocked: ask who runs the service."};
}

/// `why` is a sentence without its end.
[[nodiscard]] inline Problem cross_origin(const std::string& why) {
    return {403, "cross-origin", "Cross-origin request",
            "With cookies only a page of this service may sign in or change something. " + why +
                ": send it from such a page, or with the access token in Authorization."};
}

[[nodiscard]] inline Problem wrong_password() {
    return {403, "wrong-password", "Wrong password", "That is not the password of the account as it is now."};
}

[[nodiscard]] inline Problem no_account() {
    return {404, "not-found", "Not found", "Whoever is signed in has no account here."};
}

[[nodiscard]] inline Problem email_taken() {
    return {409, "email-taken", "Email taken", "There is an account with this email: sign in, or take another one."};
}

[[nodiscard]] inline Problem nothing_to_verify() {
    return {409, "nothing-to-verify", "Nothing to verify",
            "The account has no email, or it is verified already: GET /v1/account shows which."};
}

/// Also for a code that never was.
[[nodiscard]] inline Problem link_ended() {
    return {410, "link-ended", "Link ended",
            "The link was used before, is too old, or a later mail has another one: ask for a new mail."};
}

[[nodiscard]] inline Problem no_mail() {
    return {501, "no-mail", "No mail", "This service sends no mails: ask who runs it."};
}

/// Also for somebody else's todo: who may not see it does not learn that it exists.
[[nodiscard]] inline Problem no_such_todo() { return {404, "not-found", "Not found", "There is no todo of this id."}; }

[[nodiscard]] inline Problem too_many_todos() {
    return {409, "too-many-todos", "Too many todos",
            "You have as many todos as one owner may have: delete some first."};
}

[[nodiscard]] inline Problem request_in_progress() {
    return Problem{409, "request-in-progress", "Request in progress",
                   "A request with this Idempotency-Key is under way: send this one again later."}
        .with("Retry-After", "1");
}

[[nodiscard]] inline Problem gone() {
    return {410, "gone", "Gone", "This request was served before, and its todo has been deleted since."};
}

[[nodiscard]] inline Problem precondition_failed() {
    return {412, "precondition-failed", "Precondition failed",
            "The todo is not as If-Match or If-None-Match says: get it again, then decide."};
}

[[nodiscard]] inline Problem unsupported_media_type(std::string detail) {
    return {415, "unsupported-media-type", "Unsupported media type", std::move(detail)};
}

[[nodiscard]] inline Problem idempotency_key_reused() {
    return {422, "idempotency-key-reused", "Idempotency-Key reused",
            "This Idempotency-Key was used for another request: send each request with a key of its own."};
}

}  // namespace todo::problems
