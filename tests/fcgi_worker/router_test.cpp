#include <fcgi_worker/router.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include <fcgi_worker/problem.hpp>

namespace fcgi_worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Optional;

/// A router whose handlers answer with the name they were given, and what it logged.
struct RouterTest : testing::Test {
    Router router{[this](const LogEntry& entry) {
        log.push_back(entry.text());
        levels.push_back(entry.level);
    }};
    std::vector<std::string> log;
    std::vector<LogLevel> levels;

    void given(const std::string& method, std::string_view pattern, const std::string& answer) {
        router.add(method, pattern, [answer](const Request&) { return Response{200, {}, answer}; });
    }

    [[nodiscard]] Response ask(const std::string& method, const std::string& path) const {
        Request request;
        request.method = method;
        request.path = path;
        request.request_id = "req-1";
        return router.handle(request);
    }
    [[nodiscard]] std::string get(const std::string& path) const { return ask("GET", path).body; }
    [[nodiscard]] int status(const std::string& method, const std::string& path) const {
        return ask(method, path).status;
    }
};

TEST_F(RouterTest, NamesTheRouteOfEachAnswer) {
    router.add("GET", "/named/{id}", [](const Request&) { return Response{}; });
    router.add("POST", "/named/{id}", [](const Request&) -> Response { throw Unavailable{"away"}; });
    const auto route = [&](const std::string& method, const std::string& path) {
        Request request;
        request.method = method;
        request.path = path;
        return router.handle(request).route;
    };
    EXPECT_EQ(route("GET", "/named/7"), "/named/{id}");
    EXPECT_EQ(route("HEAD", "/named/7"), "/named/{id}");
    EXPECT_EQ(route("OPTIONS", "/named/7"), "/named/{id}");
    EXPECT_EQ(route("DELETE", "/named/7"), "/named/{id}") << "405";
    EXPECT_EQ(route("POST", "/named/7"), "/named/{id}") << "503";
    EXPECT_EQ(route("GET", "/unnamed"), "") << "404";
}

TEST_F(RouterTest, ListsItsRoutes) {
    EXPECT_TRUE(router.routes().empty());
    given("GET", "/v1/todos", "list");
    given("GET", "/v1/todos/{id}", "read");
    given("POST", "/v1/todos", "create");
    const std::vector<std::pair<std::string, std::string>> expected{
        {"GET", "/v1/todos"}, {"POST", "/v1/todos"}, {"GET", "/v1/todos/{id}"}};
    EXPECT_EQ(router.routes(), expected);
}

TEST_F(RouterTest, CallsTheHandlerOfThePathAndTheMethod) {
    given("GET", "/v1/todos", "list");
    given("POST", "/v1/todos", "create");
    given("GET", "/", "root");
    EXPECT_EQ(get("/v1/todos"), "list");
    EXPECT_EQ(ask("POST", "/v1/todos").body, "create");
    EXPECT_EQ(get("/"), "root");
}

TEST_F(RouterTest, GivesNamesTheirDecodedSegments) {
    router.add("GET", "/owners/{owner}/todos/{id}", [](const Request& request) {
        return Response{
            200, {}, std::string{request.path_parameter("owner")} + "|" + std::string{request.path_parameter("id")}};
    });
    EXPECT_EQ(get("/owners/a%2Fb/todos/7%207"), "a/b|7 7");
}

TEST_F(RouterTest, PrefersTextToANameInTheFirstPlaceWhereTheyDiffer) {
    given("GET", "/a/{x}/c", "name");
    given("GET", "/a/b/{y}", "text");
    given("GET", "/{z}/b/c", "late text");
    EXPECT_EQ(get("/a/b/c"), "text");
    EXPECT_EQ(get("/a/x/c"), "name");
    EXPECT_EQ(get("/x/b/c"), "late text");
}

TEST_F(RouterTest, ComparesDecodedText) {
    given("GET", "/v1/todos", "list");
    EXPECT_EQ(get("/v1/tod%6Fs"), "list");
}

TEST_F(RouterTest, KnowsOtherPathsNotAtAll) {
    given("GET", "/v1/todos", "list");
    given("GET", "/v1/todos/{id}", "one");
    for (const char* path : {"", "*", "/", "/v1", "/v1/todos/", "/v1/todos/1/2", "/v1//todos", "//v1/todos",
                             "/V1/todos", "/v1/todos/%", "/v1/todos/%zz", "/v1%2Ftodos", "v1/todos"}) {
        EXPECT_EQ(status("GET", path), 404) << path;
    }
    EXPECT_THAT(get("/v2"), HasSubstr(R"("type":"/problems/not-found")"));
    EXPECT_THAT(get("/v2"), HasSubstr(R"("request_id":"req-1")"));
    EXPECT_THAT(log, IsEmpty());
}

TEST_F(RouterTest, SaysWhichMethodsAPathKnows) {
    given("GET", "/a", "");
    given("PUT", "/a", "");
    const Response response = ask("DELETE", "/a");
    EXPECT_EQ(response.status, 405);
    EXPECT_THAT(response.headers.find("Allow"), Optional(std::string_view{"GET, HEAD, PUT, OPTIONS"}));
    EXPECT_THAT(response.body, HasSubstr(R"("type":"/problems/method-not-allowed")"));
}

TEST_F(RouterTest, TakesMethodsByTheirCase) {
    given("GET", "/a", "");
    EXPECT_EQ(status("get", "/a"), 405);
}

TEST_F(RouterTest, AllowsNoHeadWithoutGet) {
    given("POST", "/a", "");
    EXPECT_EQ(status("HEAD", "/a"), 405);
    EXPECT_THAT(ask("HEAD", "/a").headers.find("Allow"), Optional(std::string_view{"POST, OPTIONS"}));
}

TEST_F(RouterTest, AnswersOptionsItself) {
    given("GET", "/a/{b}", "");
    const Response response = ask("OPTIONS", "/a/b");
    EXPECT_EQ(response.status, 204);
    EXPECT_THAT(response.headers.find("Allow"), Optional(std::string_view{"GET, HEAD, OPTIONS"}));
    EXPECT_EQ(status("OPTIONS", "/b"), 404);
}

TEST_F(RouterTest, LetsAHandlerAnswerOptionsAndHead) {
    given("GET", "/a", "get");
    router.add("OPTIONS", "/a", [](const Request&) { return Response{200, {}, "mine"}; });
    router.add("HEAD", "/a", [](const Request&) { return Response{202, {}, {}}; });
    EXPECT_EQ(ask("OPTIONS", "/a").body, "mine");
    EXPECT_EQ(status("HEAD", "/a"), 202);
    EXPECT_THAT(ask("POST", "/a").headers.find("Allow"), Optional(std::string_view{"GET, HEAD, OPTIONS"}));
}

TEST_F(RouterTest, ServesHeadAsGetWithoutItsBody) {
    given("GET", "/a", "twelve bytes");
    const Response response = ask("HEAD", "/a");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "");
    EXPECT_THAT(response.headers.find("Content-Length"), Optional(std::string_view{"12"}));
}

TEST_F(RouterTest, DropsTheBodyOfAProblemForHeadToo) {
    const Response response = ask("HEAD", "/nowhere");
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.body, "");
}

TEST_F(RouterTest, AnswersWithTheProblemThatAHandlerThrows) {
    router.add("GET", "/a", [](const Request&) -> Response {
        throw Problem{409, "too-many", "Too many", "Delete some."}.with("X-Most", "10");
    });
    const Response response = ask("GET", "/a");
    EXPECT_EQ(response.status, 409);
    EXPECT_THAT(response.headers.find("X-Most"), Optional(std::string_view{"10"}));
    EXPECT_THAT(response.body, HasSubstr("Delete some."));
    EXPECT_THAT(log, IsEmpty()) << "the client's fault is no event";
}

TEST_F(RouterTest, LogsAndHidesWhyItIsUnavailable) {
    router.add("GET", "/a", [](const Request&) -> Response {
        throw Unavailable{"connection to 10.0.0.1 lost", std::chrono::seconds{2}};
    });
    const Response response = ask("GET", "/a");
    EXPECT_EQ(response.status, 503);
    EXPECT_THAT(response.headers.find("Retry-After"), Optional(std::string_view{"2"}));
    EXPECT_THAT(response.body, Not(HasSubstr("10.0.0.1")));
    EXPECT_THAT(log, ElementsAre("request not served request_id=req-1 method=GET path=/a"
                                 " error=connection to 10.0.0.1 lost"));
    EXPECT_THAT(levels, ElementsAre(LogLevel::kWarning));
}

TEST(Router, AnswersTheSameWhereNobodyListens) {
    Router silent{Log{}};
    silent.add("GET", "/a", [](const Request&) -> Response { throw Unavailable{"away"}; });
    Request request;
    request.method = "GET";
    request.path = "/a";

    const Response response = silent.handle(request);

    EXPECT_EQ(response.status, 503);
    EXPECT_THAT(response.body, HasSubstr("/problems/unavailable"));
}

TEST_F(RouterTest, LogsAndHidesABug) {
    router.add("GET", "/a", [](const Request&) -> Response { throw std::out_of_range{"secret"}; });
    const Response response = ask("GET", "/a");
    EXPECT_EQ(response.status, 500);
    EXPECT_THAT(response.body, HasSubstr(R"("type":"/problems/internal-error")"));
    EXPECT_THAT(response.body, Not(HasSubstr("secret")));
    EXPECT_THAT(log, ElementsAre("handler failed request_id=req-1 method=GET path=/a error=secret"));
    EXPECT_THAT(levels, ElementsAre(LogLevel::kError));
}

TEST_F(RouterTest, SurvivesWhatIsNoException) {
    router.add("GET", "/a", [](const Request&) -> Response { throw 42; });
    EXPECT_EQ(status("GET", "/a"), 500);
    EXPECT_THAT(levels, ElementsAre(LogLevel::kError));
}

TEST_F(RouterTest, LogsAProblemThatIsNotTheClientsFault) {
    router.add("GET", "/a", [](const Request&) -> Response {
        throw Problem{507, "full", "Full", "The disk is full."};
    });
    EXPECT_EQ(status("GET", "/a"), 507);
    EXPECT_THAT(levels, ElementsAre(LogLevel::kWarning));
}

TEST_F(RouterTest, RefusesAPatternThatIsMalformed) {
    for (const char* pattern : {"", "a", "/{}", "/{a", "/a}", "/x{a}", "/{a}x", "/{{a}}", "/{a}/{a}", "/a?b", "/%61"}) {
        EXPECT_THROW(given("GET", pattern, ""), std::invalid_argument) << pattern;
    }
    EXPECT_THROW(given("", "/a", ""), std::invalid_argument);
    EXPECT_THROW(router.add("GET", "/a", Handler{}), std::invalid_argument);
}

TEST_F(RouterTest, RefusesARouteThatIsTaken) {
    given("GET", "/a/{id}", "");
    EXPECT_THROW(given("GET", "/a/{id}", ""), std::invalid_argument);
    EXPECT_THROW(given("PUT", "/a/{name}", ""), std::invalid_argument) << "one path, two names for its parameter";
    EXPECT_NO_THROW(given("PUT", "/a/{id}", ""));
}

}  // namespace
}  // namespace fcgi_worker
