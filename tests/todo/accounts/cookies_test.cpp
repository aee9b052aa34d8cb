#include "accounts/cookies.hpp"

#include <gmock/gmock.h>

#include <fcgi_worker/problem.hpp>

namespace todo {
namespace {

using fcgi_worker::Fields;
using fcgi_worker::Problem;
using fcgi_worker::Request;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

/// Of a POST to http://todo.example:8080.
Request with_headers(const Fields& headers) {
    Request request;
    request.method = "POST";
    request.headers = headers;
    request.origin = "http://todo.example:8080";
    return request;
}
std::optional<std::string> access(const Fields& headers) {
    const Request request = with_headers(headers);
    const auto value = find_cookie(request, kAccessCookie);
    return value ? std::optional{std::string{*value}} : std::nullopt;
}
std::optional<std::string> access(const std::string& cookies) { return access(Fields{{"cookie", cookies}}); }

TEST(Cookie, IsFoundAmongOthers) {
    EXPECT_THAT(access("todo_access=a.b.c"), Optional(std::string{"a.b.c"}));
    EXPECT_THAT(access("theme=dark; todo_access=a.b.c; todo_refresh=d"), Optional(std::string{"a.b.c"}));
    EXPECT_THAT(access(Fields{{"cookie", "theme=dark"}, {"cookie", "todo_access=a"}}), Optional(std::string{"a"}));
}

TEST(Cookie, IsFoundInOddSpellings) {
    EXPECT_THAT(access("todo_access=a;"), Optional(std::string{"a"}));
    EXPECT_THAT(access(" \t todo_access \t = a \t "), Optional(std::string{"a"}));
    EXPECT_THAT(access(";;todo_access=a;;;b=c"), Optional(std::string{"a"}));
    EXPECT_THAT(access("theme=dark;todo_access=a"), Optional(std::string{"a"}));
    EXPECT_THAT(access("Todo_Access=a"), Optional(std::string{"a"}));
    EXPECT_THAT(access("todo_access=a=b=="), Optional(std::string{"a=b=="}));
    EXPECT_THAT(access("todo_access=\"a\""), Optional(std::string{"\"a\""}));
    EXPECT_THAT(access("todo_access=a,b"), Optional(std::string{"a,b"}));
    EXPECT_THAT(access("todo_access="), Optional(std::string{}));
}

TEST(Cookie, IsNoneOfAnotherName) {
    for (const char* cookies : {"", ";", "=", " ", "\t;\t", "todo_access", "todo_access;=a", "=todo_access=a",
                                "xtodo_access=a", "todo_accessx=a", "todo access=a", "todo_acces=a", "todo-access=a",
                                "theme=todo_access=a", "theme=dark,todo_access=a", "\"todo_access\"=a"}) {
        EXPECT_EQ(access(cookies), std::nullopt) << cookies;
    }
    EXPECT_EQ(access(Fields{}), std::nullopt);
    EXPECT_EQ(access(Fields{{"x-cookie", "todo_access=a"}}), std::nullopt);
}

TEST(Cookie, ThatComesTwiceSpeaksForNobody) {
    for (const Fields& headers :
         {Fields{{"cookie", "todo_access=a; todo_access=a"}}, Fields{{"cookie", "todo_access=a; TODO_ACCESS=b"}},
          Fields{{"cookie", "todo_access=a; todo_access="}}, Fields{{"cookie", "todo_access=; todo_access=a"}},
          Fields{{"cookie", "todo_access=a"}, {"accept", "*/*"}, {"cookie", "theme=dark; todo_access=b"}}}) {
        try {
            (void)access(headers);
            ADD_FAILURE() << headers.begin()->second;
        } catch (const Problem& problem) {
            EXPECT_EQ(problem.status(), 401);
            EXPECT_EQ(problem.code(), "invalid-token");
            EXPECT_THAT(problem.detail(), HasSubstr("several cookies of the name todo_access"));
        }
    }
    EXPECT_THAT(access("theme=dark; theme=light; todo_access=a"), Optional(std::string{"a"}));
}

TEST(Cookie, IsNotLookedAtBesideAnAuthorizationHeader) {
    for (const char* authorization : {"Bearer a", "Basic YTpi", ""}) {
        EXPECT_EQ(access(Fields{{"cookie", "todo_access=a"}, {"authorization", authorization}}), std::nullopt);
        EXPECT_EQ(access(Fields{{"authorization", authorization}, {"cookie", "todo_access=a; todo_access=b"}}),
                  std::nullopt);
    }
}

TEST(Cookie, OfALongHeaderIsFoundInOneGo) {
    std::string cookies;
    for (int i = 0; i < 10'000; ++i) cookies += ";";
    EXPECT_THAT(access(cookies + "todo_access=a" + cookies), Optional(std::string{"a"}));
    EXPECT_EQ(access(std::string(30'000, ' ')), std::nullopt);
    EXPECT_EQ(access(std::string(30'000, '=')), std::nullopt);
}

TEST(SetCookie, LetsNoScriptAndNoOtherSiteHaveIt) {
    const SessionCookies cookies = cookies_of({"a.b.c", std::chrono::seconds{900}, "d"});
    EXPECT_EQ(cookies.access, "todo_access=a.b.c; Path=/v1; Max-Age=900; HttpOnly; Secure; SameSite=Strict");
    EXPECT_EQ(cookies.refresh,
              "todo_refresh=d; Path=/v1/sessions/refresh; Max-Age=7776000; HttpOnly; Secure; SameSite=Strict");
}

TEST(SetCookie, EndsThoseOfTheSamePaths) {
    const SessionCookies cookies = ended_cookies();
    EXPECT_EQ(cookies.access, "todo_access=; Path=/v1; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
    EXPECT_EQ(cookies.refresh,
              "todo_refresh=; Path=/v1/sessions/refresh; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
}

TEST(SetCookie, StandsTwiceInAnAnswerAndInAProblem) {
    const auto values = [](const fcgi_worker::Response& answer) {
        std::vector<std::string> found;
        for (const auto& [name, value] : answer.headers) {
            if (name == "Set-Cookie") found.push_back(value);
        }
        return found;
    };
    EXPECT_THAT(values(with_cookies(fcgi_worker::Response{}, {"a", "b"})), ElementsAre("a", "b"));
    EXPECT_THAT(values(with_cookies(Problem{401, "c", "t", "d"}, {"a", "b"}).to_response("id")), ElementsAre("a", "b"));
}

/// Empty where it is let through.
std::string refusal(const Request& request) {
    try {
        require_own_origin(request);
    } catch (const Problem& problem) {
        EXPECT_EQ(problem.status(), 403);
        EXPECT_EQ(problem.code(), "cross-origin");
        EXPECT_THAT(problem.detail(), HasSubstr("Authorization"));
        return problem.detail();
    }
    return "";
}
std::string refusal(const Fields& headers) { return refusal(with_headers(headers)); }
std::string refusal(const std::string& host, const std::string& origin) {
    return refusal(Fields{{"host", host}, {"origin", origin}});
}

TEST(OwnOrigin, IsTheAddressThatIsAsked) {
    EXPECT_EQ(refusal("todo.example", "http://todo.example"), "");
    EXPECT_EQ(refusal("todo.example", "https://todo.example"), "");
    EXPECT_EQ(refusal("todo.example:8443", "https://todo.example:8443"), "");
    EXPECT_EQ(refusal("127.0.0.1:8080", "http://127.0.0.1:8080"), "");
    EXPECT_EQ(refusal("[::1]:8080", "http://[::1]:8080"), "");
    EXPECT_EQ(refusal("Todo.Example", "HTTP://todo.eXample"), "");
}

TEST(OwnOrigin, IsNoOther) {
    for (const char* origin : {"https://evil.example",
                               "https://todo.example.evil.example",
                               "https://evil.todo.example",
                               "https://todo.exampl",
                               "https://odo.example",
                               "https://todo.example:443",
                               "https://todo.example:8080",
                               "https://todo.example.",
                               "https://todo.example/",
                               "https://todo.example/x",
                               "https://todo.example?",
                               "https://todo.example#",
                               "https://user@todo.example",
                               "https://evil.example@todo.example",
                               "https://todo.example@evil.example",
                               "https://todo.example https://todo.example",
                               "https://todo.example, https://evil.example",
                               "https://evil.example, https://todo.example",
                               " https://todo.example",
                               "https://todo.example ",
                               "https://todo.example\t",
                               "https:/todo.example",
                               "https:todo.example",
                               "//todo.example",
                               "todo.example",
                               "https:///todo.example",
                               "https://",
                               "http://",
                               "https",
                               "",
                               " ",
                               "null",
                               "NULL",
                               "*",
                               "file://todo.example",
                               "ftp://todo.example",
                               "ws://todo.example",
                               "httpss://todo.example",
                               "chrome-extension://todo.example",
                               "https://todo.example:",
                               "https://todo%2eexample"}) {
        EXPECT_THAT(refusal("todo.example", origin), HasSubstr("Origin")) << origin;
    }
    EXPECT_THAT(refusal("todo.example:8080", "http://todo.example:8081"), HasSubstr("Origin"));
    EXPECT_THAT(refusal("todo.example:8080", "http://todo.example"), HasSubstr("Origin"));
}

TEST(OwnOrigin, IsNeitherMissingNorRepeated) {
    const Fields::Field host{"host", "todo.example"};
    const Fields::Field own{"origin", "https://todo.example"};
    EXPECT_THAT(refusal(Fields{host}), HasSubstr("no Origin"));
    EXPECT_THAT(refusal(Fields{host, own, own}), HasSubstr("several"));
    EXPECT_THAT(refusal(Fields{host, own, {"origin", "https://evil.example"}}), HasSubstr("several"));
    EXPECT_THAT(refusal(Fields{host, {"referer", "https://todo.example/"}}), HasSubstr("no Origin"));
}

TEST(OwnOrigin, IsNobodysWithoutAHost) {
    EXPECT_NE(refusal(Fields{{"origin", "https://todo.example"}}), "");
    EXPECT_NE(refusal("", "https://"), "");
    EXPECT_NE(refusal("", ""), "");
    EXPECT_NE(refusal("null", "null"), "");
    EXPECT_NE(refusal(Fields{{"host", "a"}, {"host", "a"}, {"origin", "https://a"}}), "");
}

TEST(OwnOrigin, IsWhatTheBrowserSaysToo) {
    const auto with_site = [](const Fields& sites) {
        Fields headers{{"host", "a"}, {"origin", "https://a"}};
        for (const auto& [name, value] : sites) headers.add(name, value);
        return refusal(headers);
    };
    EXPECT_EQ(with_site({{"sec-fetch-site", "same-origin"}}), "");
    for (const char* site : {"same-site", "cross-site", "none", "", "Same-Origin", "same-origin, cross-site"}) {
        EXPECT_THAT(with_site({{"sec-fetch-site", site}}), HasSubstr("Sec-Fetch-Site")) << site;
    }
    EXPECT_NE(with_site({{"sec-fetch-site", "same-origin"}, {"sec-fetch-site", "cross-site"}}), "");
}

TEST(OwnOrigin, OfAPageWithoutTlsIsAnotherWhereTlsEndsHere) {
    Request request = with_headers({{"host", "todo.example"}, {"origin", "http://todo.example"}});
    request.origin = "https://todo.example";
    EXPECT_NE(refusal(request), "");
    request.headers.set("origin", "https://todo.example");
    EXPECT_EQ(refusal(request), "");
}

}  // namespace
}  // namespace todo
