#include <fcgi_worker/test_client.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <vector>

#include <fcgi_worker/problem.hpp>

namespace fcgi_worker {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Gt;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Optional;
using testing::Pair;

/// A client of a handler that keeps what it got, and answers with `answer`.
struct TestClientTest : testing::Test {
    Response answer{200, {{"Content-Type", "text/plain"}}, "twelve bytes"};
    Request got;
    TestClient client{[this](const Request& request) {
        got = request;
        return answer;
    }};
};

// ---- What the handler gets

TEST_F(TestClientTest, SplitsTheTargetAtTheQuestionMark) {
    (void)client.get("/a%20b?x=1?&y=%2F#here");
    EXPECT_EQ(got.path, "/a%20b");
    EXPECT_EQ(got.query, "x=1?&y=%2F");
    (void)client.get("/a");
    EXPECT_EQ(got.path, "/a");
    EXPECT_EQ(got.query, "");
}

TEST_F(TestClientTest, SendsEachMethod) {
    const auto method_of = [this](const Response&) { return got.method; };
    EXPECT_EQ(method_of(client.get("/")), "GET");
    EXPECT_EQ(method_of(client.head("/")), "HEAD");
    EXPECT_EQ(method_of(client.post("/", "")), "POST");
    EXPECT_EQ(method_of(client.put("/", "")), "PUT");
    EXPECT_EQ(method_of(client.patch("/", "")), "PATCH");
    EXPECT_EQ(method_of(client.remove("/")), "DELETE");
    EXPECT_EQ(method_of(client.send({.method = "OPTIONS"})), "OPTIONS");
}

TEST_F(TestClientTest, SendsHeadersWithTheirNamesInLowerCase) {
    (void)client.get("/", {{"If-Match", "\"A\""}, {"ACCEPT", "b"}, {"accept", "c"}});
    EXPECT_THAT(got.headers, ElementsAre(Pair("if-match", "\"A\""), Pair("accept", "b"), Pair("accept", "c")));
}

TEST_F(TestClientTest, SendsABodyAsJsonWhereItHasNoOtherType) {
    (void)client.post("/", "{}");
    EXPECT_EQ(got.body, "{}");
    EXPECT_THAT(got.headers, ElementsAre(Pair("content-type", "application/json")));
    (void)client.post("/", "a=1", {{"Content-Type", "text/plain"}});
    EXPECT_THAT(got.headers, ElementsAre(Pair("content-type", "text/plain")));
    (void)client.post("/", "a=1", {{"Content-Type", ""}});
    EXPECT_THAT(got.headers, IsEmpty()) << "FastCGI does not tell an empty type from none";
    (void)client.post("/", "");
    EXPECT_THAT(got.headers, IsEmpty()) << "no body, no type";
}

TEST_F(TestClientTest, KeepsTheLengthForItself) {
    (void)client.post("/", "{}", {{"Content-Length", "2"}});
    EXPECT_EQ(got.headers.find("content-length"), std::nullopt);
}

TEST_F(TestClientTest, GivesEachRequestAnId) {
    (void)client.get("/");
    const std::string first = got.request_id;
    (void)client.get("/");
    EXPECT_THAT(first, Not(IsEmpty()));
    EXPECT_NE(got.request_id, first);
}

TEST_F(TestClientTest, TakesAnIdThatIsOne) {
    (void)client.get("/", {{"X-Request-Id", "mine-1"}});
    EXPECT_EQ(got.request_id, "mine-1");
    (void)client.get("/", {{"X-Request-Id", "not mine"}});
    EXPECT_NE(got.request_id, "not mine");
}

TEST_F(TestClientTest, ComesFromLocalhostOrWhereItIsTold) {
    (void)client.get("/");
    EXPECT_EQ(got.origin, "http://localhost");
    TestClient other{[this](const Request& request) {
                         got = request;
                         return answer;
                     },
                     {.origin = "https://example.org:8443"}};
    (void)other.get("/");
    EXPECT_EQ(got.origin, "https://example.org:8443");
}

TEST_F(TestClientTest, WaitsLongOrUntilItsDeadline) {
    (void)client.get("/");
    EXPECT_THAT(got.deadline, AllOf(Gt(deadline_after(std::chrono::minutes{1})), testing::Lt(Deadline::max())));
    const Deadline over = deadline_after(std::chrono::seconds{-1});
    EXPECT_EQ(client.send({.deadline = over}).status, 200) << "the handler is what is tested";
    EXPECT_EQ(got.deadline, over);
}

// ---- What comes back

TEST_F(TestClientTest, ReadsTheAnswerWithItsLengthAndItsId) {
    const Response response = client.get("/", {{"X-Request-Id", "mine"}});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "twelve bytes");
    EXPECT_THAT(response.headers, ElementsAre(Pair("Content-Type", "text/plain"), Pair("X-Request-Id", "mine"),
                                              Pair("Content-Length", "12")));
}

TEST_F(TestClientTest, LeavesAnIdThatTheHandlerSet) {
    answer.headers.add("x-request-id", "the-handlers");
    EXPECT_THAT(client.get("/").headers.find("X-Request-Id"), Optional(std::string_view{"the-handlers"}));
}

TEST_F(TestClientTest, BelievesNoLengthThatAHandlerStates) {
    answer.headers.add("content-length", "1");
    answer.headers.add("Status", "404");
    const Response response = client.get("/");
    EXPECT_EQ(response.status, 200);
    EXPECT_THAT(response.headers.find("Content-Length"), Optional(std::string_view{"12"}));
    EXPECT_EQ(response.headers.find("Status"), std::nullopt);
}

TEST_F(TestClientTest, ReadsNoBodyForHead) {
    EXPECT_EQ(client.head("/").body, "");
    EXPECT_THAT(client.head("/").headers.find("Content-Length"), Optional(std::string_view{"12"}));
    answer = {200, {{"Content-Length", "99"}}, ""};
    EXPECT_THAT(client.head("/").headers.find("Content-Length"), Optional(std::string_view{"99"}));
}

TEST_F(TestClientTest, ReadsNeitherBodyNorLengthWhereHttpHasNone) {
    for (const int status : {204, 304}) {
        answer = {status, {{"Content-Length", "12"}}, "twelve bytes"};
        EXPECT_EQ(client.get("/").body, "") << status;
        EXPECT_EQ(client.get("/").headers.find("Content-Length"), std::nullopt) << status;
    }
}

TEST_F(TestClientTest, IsAnswered500WhereTheAnswerCannotBeSent) {
    answer = {200, {{"X-Split", "a\r\nSet-Cookie: b"}}, ""};
    EXPECT_EQ(client.get("/").status, 500);
    answer = {99, {}, ""};
    EXPECT_EQ(client.get("/").status, 500);
}

struct FailingHandler : testing::Test {
    std::vector<std::string> log;
    TestClientOptions options{.log = [this](const LogEntry& entry) { log.push_back(entry.fields.back().value); }};
};

TEST_F(FailingHandler, IsAnswered500AndLogged) {
    TestClient client{[](const Request&) -> Response { throw std::out_of_range{"secret"}; }, options};
    const Response response = client.get("/", {{"X-Request-Id", "mine"}});
    EXPECT_EQ(response.status, 500);
    EXPECT_THAT(response.body, AllOf(HasSubstr(R"("request_id":"mine")"), Not(HasSubstr("secret"))));
    EXPECT_THAT(response.headers.find("X-Request-Id"), Optional(std::string_view{"mine"}));
    EXPECT_THAT(log, ElementsAre("secret"));
}

TEST_F(FailingHandler, NeedNotThrowAnException) {
    TestClient client{[](const Request&) -> Response { throw 42; }, options};
    EXPECT_EQ(client.get("/").status, 500);
    EXPECT_THAT(log, ElementsAre("not a std::exception"));
}

TEST_F(FailingHandler, IsRefusedWhereItIsEmpty) { EXPECT_THROW(TestClient{Handler{}}, std::invalid_argument); }

// ---- With a router

TEST(TestClientOfARouter, GoesThroughItsRoutesAndMiddleware) {
    Router router;
    TestClient client{router};
    router.use([](const Request& request, const Handler& next) { return next(request).with("Vary", "Origin"); });
    router.add("GET", "/links/{number}", [](const Request& request, int number) -> Response {
        return {200, {}, request.origin + "/links/" + std::to_string(number)};
    });
    EXPECT_EQ(client.get("/links/7?x=1").body, "http://localhost/links/7");
    EXPECT_EQ(client.get("/links/seven").status, 404);
    EXPECT_EQ(client.head("/links/7").body, "");
    EXPECT_THAT(client.head("/links/7").headers.find("Content-Length"), Optional(std::string_view{"24"}));
    EXPECT_THAT(client.remove("/links/7").headers.find("Vary"), Optional(std::string_view{"Origin"}));
}

}  // namespace
}  // namespace fcgi_worker
