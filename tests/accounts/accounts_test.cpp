// Accounts and sessions through nginx, the workers and PostgreSQL, of a stack as ./todo up makes it.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "people.hpp"

namespace api {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(SignUp, Is201WithTheAccountAndItsFirstSession) {
    const std::string email = new_email();
    const Answer made = post(kAccounts, credentials(email));
    EXPECT_THAT(made, AllOf(Answers(201), HasHeader("Location", kAccount), HasHeader("Cache-Control", "no-store")));
    EXPECT_EQ(text_at(made, "/account/email"), email);
    EXPECT_EQ(json_at(made, "/account/email_verified"), "false");
    EXPECT_EQ(text_at(made, "/token_type"), "Bearer");
    EXPECT_EQ(json_at(made, "/expires_in"), "900");
    EXPECT_THAT(made.body, Not(HasSubstr(kPassword)));
    EXPECT_THAT(get(kTodos, user_of(made).headers()), Answers(200));
}

TEST(SignUp, OfAVisitorHasNoEmail) {
    const Answer made = post(kAccounts, "{}");
    EXPECT_THAT(made, Answers(201));
    EXPECT_EQ(json_at(made, "/account/email"), "null");
    EXPECT_THAT(get(kTodos, user_of(made).headers()), Answers(200));
}

TEST(TheAccount, AnswersHeadAsItAnswersGet) {
    const User user = given_user();
    const Answer whole = get(kAccount, user.headers());
    const Answer head = api::head(kAccount, user.headers());
    EXPECT_THAT(head, AllOf(Answers(200), HasHeader("Content-Length", std::to_string(whole.body.size()))));
    EXPECT_EQ(head.body, "");
}

TEST(SignUp, TakesAnEmailOnceInAnyCase) {
    const User user = given_user();
    EXPECT_THAT(post(kAccounts, credentials(user.email)), IsProblem(409, "email-taken"));
    std::string upper = user.email;
    upper[0] = 'A';
    EXPECT_THAT(post(kAccounts, credentials(upper)), IsProblem(409, "email-taken"));
}

TEST(SignUp, NamesEachFieldThatIsWrong) {
    EXPECT_THAT(post(kAccounts, R"({"email":"ada","password":"correct horse"})"),
                IsProblem(422, "invalid-fields", "/email"));
    EXPECT_THAT(post(kAccounts, R"({"email":"ada@example.org","password":"short"})"),
                IsProblem(422, "invalid-fields", "/password"));
    EXPECT_THAT(post(kAccounts, R"({"email":"ada@example.org"})"), IsProblem(422, "invalid-fields", "/password"));
    EXPECT_THAT(post(kAccounts, R"({"password":"correct horse"})"), IsProblem(422, "invalid-fields", "/email"));
    EXPECT_THAT(post(kAccounts, R"({"email":1,"password":"correct horse"})"),
                IsProblem(422, "invalid-fields", "/email"));
    EXPECT_THAT(post(kAccounts, R"({"email":null,"password":null})"), IsProblem(422, "invalid-fields", "/email"));
    EXPECT_THAT(post(kAccounts, R"({"name":"Ada"})"), IsProblem(422, "invalid-fields", "/name"));
    EXPECT_THAT(post(kAccounts, R"({"email":"a@b.cd","email":"a@b.cd"})"), IsProblem(400, "malformed-json"));
    EXPECT_THAT(post(kAccounts, "[]"), IsProblem(422, "invalid-fields", ""));
    EXPECT_THAT(post(kAccounts, "{\"email\":\"\xff\"}"), IsProblem(400, "malformed-json"));
    EXPECT_THAT(post(kAccounts, ""), IsProblem(400, "malformed-json"));
    EXPECT_THAT(post(kAccounts, "{}", {{"Content-Type", "text/plain"}}), IsProblem(415, "unsupported-media-type"));
    EXPECT_THAT(post(std::string{kAccounts} + "?a=1", "{}"), IsProblem(400, "invalid-query"));
}

TEST(SignIn, Is201WithNewTokens) {
    const User user = given_user();
    const Answer session = sign_in(user.email);
    EXPECT_THAT(session, AllOf(Answers(201), HasHeader("Location", kCurrent), HasHeader("Cache-Control", "no-store")));
    EXPECT_NE(text_at(session, "/refresh_token"), user.refresh);
    EXPECT_EQ(text_at(get(kAccount, user_of(session).headers()), "/email"), user.email);
}

TEST(SignIn, SaysTheSameToAWrongPasswordAndAnUnknownEmail) {
    const User user = given_user();
    const auto without_id = [](const Answer& answer) { return with_field(answer, "request_id", "null"); };
    const Answer wrong = sign_in(user.email, "wrong horse");
    const Answer unknown = sign_in(new_email(), "wrong horse");
    EXPECT_THAT(wrong, AllOf(IsProblem(401, "wrong-credentials"), HasHeader("WWW-Authenticate", "Bearer")));
    EXPECT_EQ(without_id(wrong), without_id(unknown));
    EXPECT_THAT(sign_in("no email at all", "wrong horse"), IsProblem(401, "wrong-credentials"));
}

TEST(Refreshing, GivesNewTokensForEachOldOneOnce) {
    const User user = given_user();
    const Answer next = post(kRefresh, refresh_body(user.refresh));
    EXPECT_THAT(next, AllOf(Answers(200), HasHeader("Cache-Control", "no-store")));
    EXPECT_NE(text_at(next, "/refresh_token"), user.refresh);
    EXPECT_THAT(get(kTodos, user_of(next).headers()), Answers(200));
    EXPECT_THAT(post(kRefresh, refresh_body(text_at(next, "/refresh_token"))), Answers(200));
}

TEST(Refreshing, WithAStolenTokenEndsTheSession) {
    const User user = given_user();
    const Answer next = post(kRefresh, refresh_body(user.refresh));
    ASSERT_THAT(next, Answers(200));
    EXPECT_THAT(post(kRefresh, refresh_body(user.refresh)), IsProblem(401, "refresh-token-reused"));
    EXPECT_THAT(post(kRefresh, refresh_body(text_at(next, "/refresh_token"))), IsProblem(401, "session-ended"));
    EXPECT_THAT(sign_in(user.email), Answers(201));
}

TEST(Refreshing, WithWhatIsNoTokenIs401) {
    for (const std::string& token :
         {std::string{}, std::string{"x"}, std::string(86, 'A'), std::string(5000, 'A'), given_user().access}) {
        EXPECT_THAT(post(kRefresh, refresh_body(token)), IsProblem(401, "session-ended")) << token;
    }
    EXPECT_THAT(post(kRefresh, "{}"), IsProblem(422, "invalid-fields", "/refresh_token"));
    EXPECT_THAT(post(kRefresh, R"({"refresh_token":7})"), IsProblem(422, "invalid-fields", "/refresh_token"));
}

TEST(SigningOut, EndsOneSession) {
    const User user = given_user();
    const User other = user_of(sign_in(user.email));
    EXPECT_THAT(remove(kCurrent, user.headers()), Answers(204));
    EXPECT_THAT(post(kRefresh, refresh_body(user.refresh)), IsProblem(401, "session-ended"));
    EXPECT_THAT(post(kRefresh, refresh_body(other.refresh)), Answers(200));
}

TEST(SigningOut, EverywhereEndsEachOfThem) {
    const User user = given_user();
    const User other = user_of(sign_in(user.email));
    const User stranger = given_user();
    EXPECT_THAT(remove(kSessions, user.headers()), Answers(204));
    EXPECT_THAT(post(kRefresh, refresh_body(user.refresh)), IsProblem(401, "session-ended"));
    EXPECT_THAT(post(kRefresh, refresh_body(other.refresh)), IsProblem(401, "session-ended"));
    EXPECT_THAT(post(kRefresh, refresh_body(stranger.refresh)), Answers(200));
}

TEST(ChangingAnAccount, AsksForThePasswordAndEndsTheOtherSessions) {
    const User user = given_user();
    const User other = user_of(sign_in(user.email));
    const std::string body = R"({"password":"another horse","current_password":)";
    EXPECT_THAT(patch(kAccount, R"({"password":"another horse"})", user.headers()),
                IsProblem(422, "invalid-fields", "/current_password"));
    EXPECT_THAT(patch(kAccount, body + "\"wrong\"}", user.headers()), IsProblem(403, "wrong-password"));
    EXPECT_THAT(patch(kAccount, body + quoted(kPassword) + "}", user.headers()), Answers(200));
    EXPECT_THAT(sign_in(user.email), IsProblem(401, "wrong-credentials"));
    EXPECT_THAT(sign_in(user.email, "another horse"), Answers(201));
    EXPECT_THAT(post(kRefresh, refresh_body(other.refresh)), IsProblem(401, "session-ended"));
    EXPECT_THAT(post(kRefresh, refresh_body(user.refresh)), Answers(200));
}

TEST(ChangingAnAccount, GivesItAnotherEmail) {
    const User user = given_user();
    const std::string next = new_email();
    const Answer changed = patch(
        kAccount, R"({"email":)" + quoted(next) + R"(,"current_password":)" + quoted(kPassword) + "}", user.headers());
    EXPECT_THAT(changed, Answers(200));
    EXPECT_EQ(text_at(changed, "/email"), next);
    EXPECT_THAT(sign_in(next), Answers(201));
    EXPECT_THAT(sign_in(user.email), IsProblem(401, "wrong-credentials"));
    EXPECT_THAT(post(kAccounts, credentials(user.email)), Answers(201));  // it is free again
}

TEST(ChangingAnAccount, RefusesATakenEmail) {
    const User user = given_user();
    const User other = given_user();
    EXPECT_THAT(
        patch(kAccount, R"({"email":)" + quoted(other.email) + R"(,"current_password":)" + quoted(kPassword) + "}",
              user.headers()),
        IsProblem(409, "email-taken"));
}

TEST(ChangingAnAccount, MakesAUserOfAVisitorWhoKeepsHisTodos) {
    const User visitor = given_visitor();
    ASSERT_THAT(post(kTodos, R"({"title":"mine"})", visitor.headers()), Answers(201));
    const std::string email = new_email();
    EXPECT_THAT(patch(kAccount, R"({"email":)" + quoted(email) + "}", visitor.headers()),
                IsProblem(422, "invalid-fields", "/password"));
    EXPECT_THAT(patch(kAccount, credentials(email), visitor.headers()), Answers(200));
    const User user = user_of(sign_in(email));
    EXPECT_THAT(each(get(kTodos, user.headers()), "title"), testing::ElementsAre("\"mine\""));
}

TEST(RemovingAnAccount, TakesItsTodosAndRefusesItsTokensWithinTwoSeconds) {
    const User user = given_user();
    ASSERT_THAT(post(kTodos, R"({"title":"mine"})", user.headers()), Answers(201));
    EXPECT_THAT(remove(kAccount, user.headers()), IsProblem(422, "invalid-fields", "/password"));
    EXPECT_THAT(remove_with(kAccount, R"({"password":"wrong"})", user.headers()), IsProblem(403, "wrong-password"));
    EXPECT_THAT(remove_with(kAccount, R"({"password":)" + quoted(kPassword) + "}", user.headers()), Answers(204));
    std::this_thread::sleep_for(std::chrono::seconds{2});
    for (int i = 0; i < 20; ++i) EXPECT_THAT(get(kTodos, user.headers()), IsProblem(401, "revoked"));
    EXPECT_THAT(post(kRefresh, refresh_body(user.refresh)), IsProblem(401, "session-ended"));
    EXPECT_THAT(sign_in(user.email), IsProblem(401, "wrong-credentials"));
}

TEST(RemovingAnAccount, OfAVisitorNeedsNoPassword) {
    const User visitor = given_visitor();
    EXPECT_THAT(remove(kAccount, visitor.headers()), Answers(204));
}

TEST(Todos, AreSeenByTheirOwnerAlone) {
    const User owner = given_visitor();
    const User stranger = given_visitor();
    const Answer todo = post(kTodos, R"({"title":"mine"})", owner.headers());
    ASSERT_THAT(todo, Answers(201));
    const std::string path = std::string{kTodos} + "/" + text_at(todo, "/id");
    EXPECT_THAT(get(path, owner.headers()), Answers(200));
    EXPECT_THAT(get(path, stranger.headers()), IsProblem(404, "not-found"));
    EXPECT_THAT(patch(path, R"({"title":"theirs"})", stranger.headers()), IsProblem(404, "not-found"));
    EXPECT_THAT(remove(path, stranger.headers()), IsProblem(404, "not-found"));
    EXPECT_EQ(get(kTodos, stranger.headers()).body, "[]");
    EXPECT_THAT(remove(kTodos, stranger.headers()), Answers(204));
    EXPECT_THAT(get(path, owner.headers()), AllOf(Answers(200), HasField("/title", "\"mine\"")));
}

TEST(Todos, AreNotForWhoHasNoToken) {
    const User user = given_visitor();
    for (const Headers& headers : {Headers{}, Headers{{"Authorization", ""}}, Headers{{"Authorization", "Bearer"}},
                                   Headers{{"Authorization", "Basic YTpi"}}, Headers{{"Authorization", user.access}}}) {
        EXPECT_THAT(send_as_it_is("GET", kTodos, headers, ""),
                    AllOf(IsProblem(401, "not-signed-in"), HasHeader("WWW-Authenticate", StartsWith("Bearer"))));
    }
    EXPECT_THAT(get(kTodos, {{"Authorization", "bearer " + user.access}}), Answers(200));
}

TEST(Todos, AreNotForWhoHasAFalseToken) {
    const User user = given_visitor();
    std::string changed = user.access;
    changed.back() = changed.back() == 'A' ? 'Q' : 'A';
    for (const std::string& token : {changed, user.access + ".x", user.refresh, std::string(5000, 'a')}) {
        EXPECT_THAT(get(kTodos, {{"Authorization", "Bearer " + token}}),
                    AllOf(IsProblem(401, "invalid-token"),
                          HasHeader("WWW-Authenticate", HasSubstr("error=\"invalid_token\""))));
    }
}

}  // namespace
}  // namespace api
