/// Functions around every answer of a router: what they see, what they may change, what becomes of what they throw.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <fcgi_worker/problem.hpp>
#include <fcgi_worker/router.hpp>

namespace fcgi_worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Optional;

/// A router with one route, GET /a, whose answer is the text "handler", and a list of what happened.
struct MiddlewareTest : testing::Test {
    MiddlewareTest() {
        router.add("GET", "/a", [this](const Request&) -> Response {
            events.emplace_back("handler");
            return {200, {}, "handler"};
        });
        router.add("GET", "/user", [](const Request& request) -> Response {
            return {200, {}, std::string{request.attributes.find("user").value_or("(none)")}};
        });
        router.add("GET", "/bug", [](const Request&) -> Response { throw std::out_of_range{"secret"}; });
    }

    /// Notes when it is entered, and which status it leaves with.
    void given_watcher(const std::string& name) {
        router.use([this, name](const Request& request, const Handler& next) {
            events.push_back("into " + name);
            Response response = next(request);
            events.push_back("out of " + name + " " + std::to_string(response.status));
            return response;
        });
    }

    [[nodiscard]] Response ask(const std::string& path, const std::string& method = "GET") const {
        Request request;
        request.method = method;
        request.path = path;
        request.request_id = "req-1";
        return router.handle(request);
    }

    std::vector<std::string> events;
    std::vector<std::string> log;
    Router router{[this](const LogEntry& entry) { log.push_back(entry.text()); }};
};

// ---- Around each answer

TEST_F(MiddlewareTest, StandsInTheOrderOfItsUseWithTheFirstOutermost) {
    given_watcher("first");
    given_watcher("second");
    EXPECT_EQ(ask("/a").body, "handler");
    EXPECT_THAT(events, ElementsAre("into first", "into second", "handler", "out of second 200", "out of first 200"));
}

TEST_F(MiddlewareTest, StandsAroundRoutesThatAreAddedLater) {
    given_watcher("all");
    router.add("GET", "/later", [](const Request&) { return Response{202, {}, {}}; });
    EXPECT_EQ(ask("/later").status, 202);
    EXPECT_THAT(events, ElementsAre("into all", "out of all 202"));
}

TEST_F(MiddlewareTest, SeesWhatTheRouterAnswersItself) {
    given_watcher("all");
    EXPECT_EQ(ask("/nowhere").status, 404);
    EXPECT_EQ(ask("/a", "PUT").status, 405);
    EXPECT_EQ(ask("/a", "OPTIONS").status, 204);
    EXPECT_THAT(events,
                ElementsAre("into all", "out of all 404", "into all", "out of all 405", "into all", "out of all 204"));
}

TEST_F(MiddlewareTest, SeesTheAnswerThatABugBecomes) {
    given_watcher("all");
    const Response response = ask("/bug");
    EXPECT_THAT(response.body, HasSubstr(R"("type":"/problems/internal-error")"));
    EXPECT_THAT(events, ElementsAre("into all", "out of all 500"));
    EXPECT_THAT(log, ElementsAre("handler failed request_id=req-1 method=GET path=/bug error=secret"));
}

TEST_F(MiddlewareTest, ChangesAnswers) {
    router.use([](const Request& request, const Handler& next) {
        return next(request).with("Access-Control-Allow-Origin", "*");
    });
    for (const auto& [method, path] : {std::pair{"GET", "/a"}, {"OPTIONS", "/a"}, {"GET", "/nowhere"}}) {
        EXPECT_THAT(ask(path, method).headers.find("Access-Control-Allow-Origin"), Optional(std::string_view{"*"}));
    }
    EXPECT_THAT(ask("/a", "OPTIONS").headers.find("Allow"), Optional(std::string_view{"GET, HEAD, OPTIONS"}));
}

TEST_F(MiddlewareTest, AnswersItselfWithoutTheHandler) {
    router.use([](const Request&, const Handler&) { return Response{503, {}, "closed"}; });
    given_watcher("inside");
    EXPECT_EQ(ask("/a").body, "closed");
    EXPECT_THAT(events, IsEmpty());
}

TEST_F(MiddlewareTest, MayAskAgain) {
    router.use([](const Request& request, const Handler& next) {
        const Response first = next(request);
        return first.status == 200 ? next(request) : first;
    });
    EXPECT_EQ(ask("/a").status, 200);
    EXPECT_THAT(events, ElementsAre("handler", "handler"));
}

// ---- HEAD

TEST_F(MiddlewareTest, ChangesTheLengthThatHeadIsTold) {
    router.use([](const Request& request, const Handler& next) {
        Response response = next(request);
        response.body += ", and more";
        return response;
    });
    const Response head = ask("/a", "HEAD");
    EXPECT_EQ(head.body, "");
    EXPECT_THAT(head.headers.find("Content-Length"), Optional(std::to_string(ask("/a").body.size())));
}

TEST_F(MiddlewareTest, AnswersHeadWithoutABodyToo) {
    router.use([](const Request&, const Handler&) { return Response{503, {}, "closed"}; });
    const Response head = ask("/a", "HEAD");
    EXPECT_EQ(head.body, "");
    EXPECT_THAT(head.headers.find("Content-Length"), Optional(std::string_view{"6"}));
}

// ---- Changed requests

TEST_F(MiddlewareTest, TellsHandlersWhatItFoundOut) {
    router.use([](const Request& request, const Handler& next) {
        Request known = request;
        known.attributes.set("user", "alice");
        return next(known);
    });
    EXPECT_EQ(ask("/user").body, "alice");
}

TEST_F(MiddlewareTest, AloneFillsAttributes) {
    Request request;
    request.method = "GET";
    request.path = "/user";
    request.headers.add("user", "mallory");
    EXPECT_EQ(router.handle(request).body, "(none)");
}

TEST_F(MiddlewareTest, LeadsToAnotherRoute) {
    router.use([](const Request& request, const Handler& next) {
        Request below = request;
        below.path.erase(0, std::string_view{"/prefix"}.size());
        return next(below);
    });
    EXPECT_EQ(ask("/prefix/a").body, "handler");
}

TEST_F(MiddlewareTest, PassesTheRequestItselfOn) {
    const Request* seen = nullptr;
    given_watcher("all");
    router.add("GET", "/{name}", [&seen](const Request& request, std::string_view) -> Response {
        seen = &request;
        return {};
    });
    Request request;
    request.method = "GET";
    request.path = "/b";
    (void)router.handle(request);
    EXPECT_EQ(seen, &request) << "no copy";
}

// ---- What it throws

TEST_F(MiddlewareTest, RefusesWithAProblemThatThoseOutsideSee) {
    given_watcher("outside");
    router.use([](const Request&, const Handler&) -> Response {
        throw Problem{401, "not-signed-in", "Not signed in", "Sign in."};
    });
    given_watcher("inside");
    const Response response = ask("/a");
    EXPECT_EQ(response.status, 401);
    EXPECT_THAT(response.body, HasSubstr(R"("request_id":"req-1")"));
    EXPECT_THAT(events, ElementsAre("into outside", "out of outside 401"));
    EXPECT_THAT(log, IsEmpty()) << "the client's fault is no event";
}

TEST_F(MiddlewareTest, HidesItsOwnBugToo) {
    given_watcher("outside");
    router.use([](const Request& request, const Handler& next) -> Response {
        (void)next(request);
        throw std::runtime_error{"secret"};
    });
    EXPECT_THAT(ask("/a").body, Not(HasSubstr("secret")));
    EXPECT_THAT(events, ElementsAre("into outside", "handler", "out of outside 500"));
    EXPECT_THAT(log, ElementsAre("handler failed request_id=req-1 method=GET path=/a error=secret"));
}

TEST_F(MiddlewareTest, SurvivesWhatIsNoException) {
    given_watcher("outside");
    router.use([](const Request&, const Handler&) -> Response { throw 42; });
    EXPECT_EQ(ask("/a").status, 500);
    EXPECT_THAT(events, ElementsAre("into outside", "out of outside 500"));
}

TEST_F(MiddlewareTest, MustNotBeEmpty) { EXPECT_THROW(router.use(Middleware{}), std::invalid_argument); }

}  // namespace
}  // namespace fcgi_worker
