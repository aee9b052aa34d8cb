// Sessions of a page, in cookies, through nginx, the workers and PostgreSQL, of a stack as ./todo up makes it.
#include <gmock/gmock.h>

#include "people.hpp"

namespace api {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

constexpr const char* kAskForCookies = R"({"cookie":true})";
constexpr const char* kEndedAccess = "todo_access=; Path=/v1; Max-Age=0; HttpOnly; Secure; SameSite=Strict";
constexpr const char* kEndedRefresh =
    "todo_refresh=; Path=/v1/sessions/refresh; Max-Age=0; HttpOnly; Secure; SameSite=Strict";

using Header = Headers::value_type;

/// What a page of the service sends by itself.
Header own_origin() { return {"Origin", stack::url()}; }
Header cookie(const std::string& value) { return {"Cookie", value}; }
Header bearer(const std::string& token) { return {"Authorization", "Bearer " + token}; }

std::vector<std::string> cookies_set(const Answer& answer) {
    std::vector<std::string> found;
    for (const auto& [name, value] : answer.headers) {
        if (name == "Set-Cookie") found.push_back(value);
    }
    return found;
}

/// A browser with what the answer has set: "todo_access=...".
struct Browser {
    explicit Browser(const Answer& answer) {
        const auto set = cookies_set(answer);
        EXPECT_EQ(set.size(), 2U);
        if (set.size() != 2) return;
        access = set[0].substr(0, set[0].find(';'));
        refresh = set[1].substr(0, set[1].find(';'));
    }
    [[nodiscard]] Headers page() const { return {cookie(access), own_origin()}; }
    [[nodiscard]] Headers refreshing() const { return {cookie(refresh), own_origin()}; }

    std::string access;
    std::string refresh;
};

Browser given_browser() {
    const Answer made = post(kAccounts, kAskForCookies, {own_origin()});
    EXPECT_THAT(made, Answers(201));
    return Browser{made};
}

/// Somebody who has his tokens in his hands.
struct Program {
    std::string access;
    std::string id;
};
Program given_program() {
    const Answer made = post(kAccounts, "{}");
    EXPECT_THAT(made, Answers(201));
    return {text_at(made, "/access_token"), text_at(made, "/account/id")};
}

std::string sign_up_body(const std::string& more = "") {
    return R"({"email":)" + quoted(new_email()) + R"(,"password":)" + quoted(kPassword) + more + "}";
}

auto setsTokens() {
    return ElementsAre(MatchesRegex("todo_access=[A-Za-z0-9_.-]{100,}; Path=/v1; Max-Age=900; HttpOnly; Secure; "
                                    "SameSite=Strict"),
                       MatchesRegex("todo_refresh=[A-Za-z0-9_-]{86}; Path=/v1/sessions/refresh; Max-Age=7776000; "
                                    "HttpOnly; Secure; SameSite=Strict"));
}

TEST(AskingForCookies, OfAVisitorSetsThemAndHasNoTokenInTheBody) {
    const Answer made = post(kAccounts, kAskForCookies, {own_origin()});
    EXPECT_THAT(made, AllOf(Answers(201), HasHeader("Location", kAccount), HasHeader("Cache-Control", "no-store")));
    EXPECT_THAT(cookies_set(made), setsTokens());
    EXPECT_THAT(made.body, MatchesRegex(R"(\{"expires_in":900,"account":\{"id":"[^"]+","email":null,[^{}]*\}\})"));
    EXPECT_THAT(get(kTodos, {cookie(Browser{made}.access)}), Answers(200));
}

TEST(AskingForCookies, WithAnEmailSetsThemWhenSigningUpAndWhenSigningIn) {
    const std::string body = sign_up_body(R"(,"cookie":true)");
    for (const char* path : {kAccounts, kSessions}) {
        const Answer made = post(path, body, {own_origin()});
        EXPECT_THAT(made, Answers(201));
        EXPECT_THAT(cookies_set(made), setsTokens());
        EXPECT_THAT(made.body, AllOf(HasSubstr(R"("email":"ada)"), Not(HasSubstr("token"))));
    }
}

TEST(AskingForCookies, IsTrueOrFalse) {
    for (const char* value : {"null", "1", "\"true\"", "[]", "{}"}) {
        const std::string member = R"("cookie":)" + std::string{value};
        EXPECT_THAT(post(kAccounts, "{" + member + "}", {own_origin()}), IsProblem(422, "invalid-fields", "/cookie"));
        EXPECT_THAT(post(kSessions, sign_up_body("," + member), {own_origin()}),
                    IsProblem(422, "invalid-fields", "/cookie"));
    }
    const Answer made = post(kAccounts, R"({"cookie":false})");
    EXPECT_THAT(made, Answers(201));
    EXPECT_THAT(cookies_set(made), IsEmpty());
    EXPECT_NE(text_at(made, "/access_token"), "");
}

TEST(AskingForCookies, IsForPagesOfTheServiceAlone) {
    for (const Headers& headers :
         {Headers{}, Headers{{"Origin", "https://evil.example"}}, Headers{{"Origin", "null"}}}) {
        const Answer refused = post(kAccounts, kAskForCookies, headers);
        EXPECT_THAT(refused, IsProblem(403, "cross-origin"));
        EXPECT_THAT(cookies_set(refused), IsEmpty());
        EXPECT_THAT(post(kSessions, sign_up_body(R"(,"cookie":true)"), headers), IsProblem(403, "cross-origin"));
    }
}

TEST(ACookie, SignsInReadsFromAnywhere) {
    const Browser browser = given_browser();
    ASSERT_THAT(post(kTodos, R"({"title":"mine"})", browser.page()), Answers(201));
    for (const Headers& headers :
         {Headers{cookie(browser.access)}, browser.page(), Headers{cookie("theme=dark"), cookie(browser.access)},
          Headers{cookie(browser.access), {"Origin", "https://evil.example"}}}) {
        EXPECT_THAT(each(get(kTodos, headers), "title"), ElementsAre("\"mine\""));
        EXPECT_THAT(head(kTodos, headers), Answers(200));
        EXPECT_THAT(get(kAccount, headers), AllOf(Answers(200), HasNoHeader("Access-Control-Allow-Credentials")));
    }
}

TEST(ACookie, ThatIsNotGoodIs401) {
    const Browser browser = given_browser();
    for (const std::string& value :
         {std::string{"todo_access="}, std::string{"todo_access=x"}, browser.access + "x",
          "todo_access=\"" + browser.access.substr(12) + "\"", "todo_access=" + browser.refresh.substr(13),
          "todo_access=" + std::string(5000, 'a'), browser.access + "; " + browser.access,
          browser.access + "; Todo_Access=x"}) {
        EXPECT_THAT(get(kTodos, {cookie(value)}),
                    AllOf(IsProblem(401, "invalid-token"), HasHeader("WWW-Authenticate", HasSubstr("invalid_token"))))
            << value;
    }
    EXPECT_THAT(get(kTodos, {cookie(browser.access), cookie("a=b; todo_access=x")}), IsProblem(401, "invalid-token"));
    EXPECT_THAT(get(kTodos, {cookie(browser.refresh)}), IsProblem(401, "not-signed-in"));
}

TEST(AWriteByCookie, NeedsTheOriginOfTheService) {
    const Browser browser = given_browser();
    const Answer todo = post(kTodos, R"({"title":"mine"})", browser.page());
    ASSERT_THAT(todo, Answers(201));
    const std::string path = std::string{kTodos} + "/" + text_at(todo, "/id");
    const Headers::value_type signed_in = cookie(browser.access);
    const int other_port = stack::ports().back();
    for (const Headers& headers :
         {Headers{signed_in}, Headers{signed_in, {"Origin", "null"}}, Headers{signed_in, {"Origin", ""}},
          Headers{signed_in, {"Origin", "https://evil.example"}}, Headers{signed_in, own_origin(), own_origin()},
          Headers{signed_in, own_origin(), {"Origin", "https://evil.example"}},
          Headers{signed_in, {"Origin", "http://127.0.0.1"}},
          Headers{signed_in, {"Origin", "http://127.0.0.1:" + std::to_string(other_port)}},
          Headers{signed_in, {"Origin", stack::url() + "/"}}, Headers{signed_in, {"Referer", stack::url() + "/"}},
          Headers{signed_in, own_origin(), {"Sec-Fetch-Site", "same-site"}},
          Headers{signed_in, own_origin(), {"Sec-Fetch-Site", "cross-site"}}}) {
        EXPECT_THAT(post(kTodos, R"({"title":"theirs"})", headers), IsProblem(403, "cross-origin"));
        EXPECT_THAT(put(path, R"({"title":"theirs"})", headers), IsProblem(403, "cross-origin"));
        EXPECT_THAT(patch(path, R"({"title":"theirs"})", headers), IsProblem(403, "cross-origin"));
        EXPECT_THAT(remove(path, headers), IsProblem(403, "cross-origin"));
        EXPECT_THAT(remove(kTodos, headers), IsProblem(403, "cross-origin"));
        EXPECT_THAT(remove(kCurrent, headers), IsProblem(403, "cross-origin"));
        EXPECT_THAT(remove(kAccount, headers), IsProblem(403, "cross-origin"));
    }
    EXPECT_THAT(each(get(kTodos, {signed_in}), "title"), ElementsAre("\"mine\""));

    Headers own = browser.page();
    own.emplace_back("Sec-Fetch-Site", "same-origin");
    EXPECT_THAT(patch(path, R"({"title":"still mine"})", own), Answers(200));
}

TEST(AWriteByCookie, IsComparedWithTheHostThatTheBrowserAsked) {
    const Browser browser = given_browser();
    const auto create = [&](const std::string& host, const std::string& origin) {
        const std::string body = R"({"title":"a"})";
        return send_raw("POST /v1/todos HTTP/1.1\r\nConnection: close\r\nContent-Type: application/json\r\nHost: " +
                        host + "\r\nOrigin: " + origin + "\r\nCookie: " + browser.access +
                        "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    };
    EXPECT_THAT(create("localhost", "https://localhost"), Answers(201));  // where TLS ends in front of nginx
    EXPECT_THAT(create("localhost:8443", "https://localhost:8443"), Answers(201));
    EXPECT_THAT(create("LocalHost:8443", "https://localhost:8443"), Answers(201));
    EXPECT_THAT(create("[::1]:8443", "https://[::1]:8443"), Answers(201));
    EXPECT_THAT(create("localhost:8443", "https://localhost"), IsProblem(403, "cross-origin"));
    EXPECT_THAT(create("localhost", "https://localhost:8443"), IsProblem(403, "cross-origin"));
    EXPECT_THAT(create("localhost", "http://127.0.0.1"), IsProblem(403, "cross-origin"));
    EXPECT_THAT(create("evil.example", "https://evil.example"), IsProblem(421, "misdirected-request"));
}

TEST(ABearerToken, GoesBeforeACookie) {
    const Browser browser = given_browser();
    const Program program = given_program();
    const Headers both{cookie(browser.access), bearer(program.access)};
    EXPECT_EQ(text_at(get(kAccount, both), "/id"), program.id);
    const Answer todo = post(kTodos, R"({"title":"the program's"})", both);  // and needs no Origin
    EXPECT_THAT(todo, Answers(201));
    EXPECT_THAT(each(get(kTodos, {bearer(program.access)}), "title"), ElementsAre("\"the program's\""));
    EXPECT_EQ(get(kTodos, browser.page()).body, "[]");
    EXPECT_THAT(remove(kCurrent, both), AllOf(Answers(204), HasNoHeader("Set-Cookie")));
    EXPECT_THAT(post(kRefresh, "{}", browser.refreshing()), Answers(200));
}

TEST(ABearerToken, GoesBeforeACookieWhenItIsBad) {
    const Browser browser = given_browser();
    for (const char* authorization : {"Bearer x", "Bearer a.b.c"}) {
        EXPECT_THAT(get(kTodos, {cookie(browser.access), {"Authorization", authorization}}),
                    IsProblem(401, "invalid-token"));
    }
    for (const char* authorization : {"Basic YTpi", "Bearer", ""}) {
        EXPECT_THAT(get(kTodos, {cookie(browser.access), {"Authorization", authorization}}),
                    IsProblem(401, "not-signed-in"));
    }
}

TEST(RefreshingByCookie, GivesNewCookiesForEachOldOneOnce) {
    const Browser before = given_browser();
    const Answer next = post(kRefresh, "{}", before.refreshing());
    EXPECT_THAT(next, AllOf(Answers(200), HasHeader("Cache-Control", "no-store")));
    EXPECT_THAT(cookies_set(next), setsTokens());
    EXPECT_EQ(next.body, R"({"expires_in":900})");
    const Browser after{next};
    EXPECT_NE(after.refresh, before.refresh);
    EXPECT_THAT(get(kTodos, after.page()), Answers(200));
    EXPECT_THAT(post(kRefresh, "{}", after.refreshing()), Answers(200));
}

TEST(RefreshingByCookie, WithAStolenOneEndsTheSessionAndTheCookies) {
    const Browser victim = given_browser();
    const Answer next = post(kRefresh, "{}", victim.refreshing());
    ASSERT_THAT(next, Answers(200));
    const Answer stolen = post(kRefresh, "{}", victim.refreshing());
    EXPECT_THAT(stolen, IsProblem(401, "refresh-token-reused"));
    EXPECT_THAT(cookies_set(stolen), ElementsAre(kEndedAccess, kEndedRefresh));
    const Answer ended = post(kRefresh, "{}", Browser{next}.refreshing());
    EXPECT_THAT(ended, IsProblem(401, "session-ended"));
    EXPECT_THAT(cookies_set(ended), ElementsAre(kEndedAccess, kEndedRefresh));
}

TEST(RefreshingByCookie, NeedsTheOriginOfTheService) {
    const Browser browser = given_browser();
    for (const Headers& headers :
         {Headers{cookie(browser.refresh)}, Headers{cookie(browser.refresh), {"Origin", "https://evil.example"}}}) {
        const Answer refused = post(kRefresh, "{}", headers);
        EXPECT_THAT(refused, AllOf(IsProblem(403, "cross-origin"), HasNoHeader("Set-Cookie")));
    }
    EXPECT_THAT(post(kRefresh, "{}", browser.refreshing()), Answers(200));  // it was not used up
}

TEST(RefreshingByCookie, IsNothingWhereATokenStandsElsewhere) {
    const Browser browser = given_browser();
    const Answer made = post(kAccounts, "{}");
    const std::string body = R"({"refresh_token":)" + quoted(text_at(made, "/refresh_token")) + "}";
    const Answer by_body = post(kRefresh, body, {cookie(browser.refresh)});
    EXPECT_THAT(by_body, AllOf(Answers(200), HasNoHeader("Set-Cookie")));
    EXPECT_NE(text_at(by_body, "/refresh_token"), "");
    EXPECT_THAT(post(kRefresh, body, browser.refreshing()),
                AllOf(IsProblem(401, "refresh-token-reused"), HasNoHeader("Set-Cookie")));
    EXPECT_THAT(post(kRefresh, "{}", {cookie(browser.refresh), own_origin(), bearer("x")}),
                IsProblem(422, "invalid-fields", "/refresh_token"));
    EXPECT_THAT(post(kRefresh, "{}", browser.refreshing()), Answers(200));
}

TEST(RefreshingByCookie, WithWhatIsNoTokenIs401) {
    const Browser browser = given_browser();
    for (const std::string& value :
         {std::string{"todo_refresh="}, std::string{"todo_refresh=x"}, "todo_refresh=" + std::string(86, 'A'),
          "todo_refresh=" + std::string(5000, 'A')}) {
        const Answer ended = post(kRefresh, "{}", {cookie(value), own_origin()});
        EXPECT_THAT(ended, IsProblem(401, "session-ended")) << value;
        EXPECT_THAT(cookies_set(ended), ElementsAre(kEndedAccess, kEndedRefresh));
    }
    EXPECT_THAT(post(kRefresh, "{}", {cookie(browser.refresh + "; todo_refresh=x"), own_origin()}),
                AllOf(IsProblem(401, "invalid-token"), HasNoHeader("Set-Cookie")));
    EXPECT_THAT(post(kRefresh, "{}", browser.page()), IsProblem(422, "invalid-fields", "/refresh_token"));
    EXPECT_THAT(post(kRefresh, kAskForCookies, browser.refreshing()), IsProblem(422, "invalid-fields", "/cookie"));
}

TEST(SigningOutByCookie, EndsTheSessionAndTheCookies) {
    for (const char* path : {kCurrent, kSessions, kAccount}) {
        const Browser browser = given_browser();
        const Answer ended = remove(path, browser.page());
        EXPECT_THAT(ended, Answers(204)) << path;
        EXPECT_THAT(cookies_set(ended), ElementsAre(kEndedAccess, kEndedRefresh)) << path;
        EXPECT_THAT(post(kRefresh, "{}", browser.refreshing()), IsProblem(401, "session-ended")) << path;
    }
}

}  // namespace
}  // namespace api
