#include <fcgi_worker/server.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

#include "fastcgi_client.hpp"
#include "running_server.hpp"
#include "temporary_folder.hpp"

namespace fcgi_worker {
namespace {

using fastcgi_client::ask;
using fastcgi_client::Connection;
using fastcgi_client::request;
using fastcgi_client::wall_clock;
using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

/// What a handler saw of one request.
Request seen(const fastcgi_client::Parameters& parameters, const std::string& method = "GET",
             const std::string& uri = "/") {
    Request seen;
    Running running{[&](const Request& request) {
        seen = request;
        return Response{};
    }};
    EXPECT_EQ(ask(running.path(), request(method, uri, {}, parameters)).status, 200);
    return seen;
}

// ---- What a handler sees

TEST(Server, HandsOverMethodPathAndQueryAsSent) {
    const Request request = seen({}, "PATCH", "/v1/a%2Fb?x=%20&y=?#z");
    EXPECT_EQ(request.method, "PATCH");
    EXPECT_EQ(request.path, "/v1/a%2Fb");
    EXPECT_EQ(request.query, "x=%20&y=?");
}

TEST(Server, HandsOverHeadersInLowerCase) {
    const Request request = seen({{"HTTP_IF_MATCH", "\"1\""},
                                  {"CONTENT_TYPE", "application/json"},
                                  {"HTTP_CONTENT_TYPE", "text/html"},
                                  {"HTTP_CONTENT_LENGTH", "7"},
                                  {"HTTP_COOKIE", "a=b; c=d"},
                                  {"HTTP_X_EMPTY", ""},
                                  {"SERVER_SOFTWARE", "nginx"}});
    const Fields expected{
        {"content-type", "application/json"}, {"if-match", "\"1\""}, {"cookie", "a=b; c=d"}, {"x-empty", ""}};
    EXPECT_THAT(std::vector(request.headers.begin(), request.headers.end()),
                testing::ElementsAreArray(expected.begin(), expected.end()));
}

TEST(Server, MakesTheOriginFromWhatTheWebServerChecked) {
    const auto origin = [](const std::string& scheme, const std::string& name, const std::string& port) {
        return seen({{"REQUEST_SCHEME", scheme}, {"SERVER_NAME", name}, {"SERVER_PORT", port}, {"HTTP_HOST", "evil"}})
            .origin;
    };
    EXPECT_EQ(origin("http", "todo.example", "8080"), "http://todo.example:8080");
    EXPECT_EQ(origin("http", "todo.example", "80"), "http://todo.example");
    EXPECT_EQ(origin("https", "todo.example", "443"), "https://todo.example");
    EXPECT_EQ(origin("https", "[::1]", "80"), "https://[::1]:80");
    EXPECT_EQ(origin("", "todo.example", ""), "http://todo.example");
    EXPECT_EQ(origin("http", "", "80"), "");
}

TEST(Server, HandsOverABodyOfAnyBytes) {
    std::string body(64UL * 1024, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7);
    Running running{[](const Request& r) { return Response{200, {}, r.body}; }};
    const auto answer = ask(running.path(), request("POST", "/", body));
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body == body);
    EXPECT_TRUE(answer.is_complete);
}

TEST(Server, ReadsABodyWithoutAStatedLength) {
    Running running{echo};
    const std::string bytes = request("POST", "/", "text", {{"CONTENT_LENGTH", ""}});
    EXPECT_EQ(ask(running.path(), bytes).body, "POST / text");
}

TEST(Server, TakesTheWebServersRequestIdBeforeTheClients) {
    EXPECT_EQ(seen({{"REQUEST_ID", "from-nginx"}, {"HTTP_X_REQUEST_ID", "from-client"}}).request_id, "from-nginx");
    EXPECT_EQ(seen({{"HTTP_X_REQUEST_ID", "a.B_c-9"}}).request_id, "a.B_c-9");
}

TEST(Server, MakesARequestIdWhereTheClientsIsNone) {
    for (const std::string& bad : {std::string{}, std::string{"a b"}, std::string{"a\r\nSet-Cookie: x"},
                                   std::string(129, 'a'), std::string{"\"}"}}) {
        EXPECT_THAT(seen({{"HTTP_X_REQUEST_ID", bad}}).request_id, MatchesRegex("[0-9a-f]{32}")) << bad;
    }
    EXPECT_EQ(seen({{"HTTP_X_REQUEST_ID", std::string(128, 'a')}}).request_id.size(), 128U);
    EXPECT_NE(seen({}).request_id, seen({}).request_id);
}

TEST(Server, GivesARequestWhatIsLeftOfItsBudget) {
    std::chrono::duration<double> left{};
    Running running{[&](const Request& request) {
                        left = request.deadline - Clock::now();
                        return Response{};
                    },
                    {.threads = 1, .request_budget = std::chrono::seconds{50}}};
    ask(running.path(), request("GET", "/", {}, {{"REQUEST_START", wall_clock(-std::chrono::seconds{20})}}));
    EXPECT_GT(left.count(), 10);
    EXPECT_LE(left.count(), 30);
    ask(running.path(), request("GET", "/"));
    EXPECT_GT(left.count(), 30) << "one that does not say when it began begins now";
}

// ---- What a client gets

TEST(Server, SendsStatusHeadersAndBody) {
    Running running{[](const Request&) { return Response{201, {{"Location", "/7"}}, "made"}; }};
    const auto answer = ask(running.path(), request("GET", "/", {}, {{"REQUEST_ID", "id-1"}}));
    EXPECT_EQ(answer.header("Status"), "201 Created");
    EXPECT_EQ(answer.header("Location"), "/7");
    EXPECT_EQ(answer.header("Content-Length"), "4");
    EXPECT_EQ(answer.header("X-Request-Id"), "id-1");
    EXPECT_EQ(answer.body, "made");
    EXPECT_TRUE(answer.is_complete);
}

TEST(Server, LeavesAHandlersOwnRequestIdAlone) {
    Running running{[](const Request&) { return Response{200, {{"x-request-id", "mine"}}, {}}; }};
    EXPECT_EQ(ask(running.path(), request("GET", "/")).header("X-Request-Id"), "mine");
}

TEST(Server, CountsTheLengthItself) {
    Running running{[](const Request&) {
        return Response{200, {{"content-length", "99"}, {"Status", "404"}}, "four"};
    }};
    const auto answer = ask(running.path(), request("GET", "/"));
    EXPECT_EQ(answer.header("Content-Length"), "4");
    EXPECT_EQ(answer.status, 200);
}

TEST(Server, SendsNeitherBodyNorLengthWhereTheStatusHasNone) {
    Running running{[](const Request& r) { return Response{r.path == "/204" ? 204 : 304, {{"ETag", "x"}}, "body"}; }};
    for (const char* path : {"/204", "/304"}) {
        const auto answer = ask(running.path(), request("GET", path));
        EXPECT_EQ(answer.header("Content-Length"), "(none)") << path;
        EXPECT_EQ(answer.header("ETag"), "x") << path;
        EXPECT_EQ(answer.body, "") << path;
    }
}

TEST(Server, SendsTheHeadersOfGetForHead) {
    Running running{[](const Request& r) {
        if (r.path == "/router") return Response{200, {{"Content-Length", "12"}}, {}};  // as a Router answers HEAD
        return Response{200, {}, "four"};
    }};
    const auto bare = ask(running.path(), request("HEAD", "/bare"));
    EXPECT_EQ(bare.header("Content-Length"), "4");
    EXPECT_EQ(bare.body, "");
    EXPECT_EQ(ask(running.path(), request("HEAD", "/router")).header("Content-Length"), "12");
}

TEST(Server, SendsAnAnswerOfMegabytes) {
    const std::string large(5'000'001, 'x');
    Running running{[&](const Request&) { return Response{200, {}, large}; }};
    const auto answer = ask(running.path(), request("GET", "/"));
    EXPECT_TRUE(answer.body == large);
    EXPECT_TRUE(answer.is_complete);
}

TEST(Server, SendsNoHeaderThatWouldBeginAnother) {
    const std::array<Response, 5> bad{Response{200, {{"A", "b\r\nSet-Cookie: evil"}}, {}},
                                      Response{200, {{"A", std::string{"b\0c", 3}}}, {}},
                                      Response{200, {{"A: b\nSet-Cookie", "evil"}}, {}},
                                      Response{200, {{"", "evil"}}, {}}, Response{99, {{"Set-Cookie", "evil"}}, {}}};
    Running running{[&](const Request& r) { return bad.at(static_cast<std::size_t>(r.path.back() - '0')); }};
    for (const char* path : {"/0", "/1", "/2", "/3", "/4"}) {
        const auto answer = ask(running.path(), request("GET", path));
        EXPECT_EQ(answer.status, 500) << path;
        EXPECT_EQ(answer.header("Set-Cookie"), "(none)") << path;
    }
    EXPECT_THAT(running.journal.lines(), Contains(HasSubstr("handler failed")));
}

TEST(Server, AnswersForAHandlerThatThrows) {
    Running running{[](const Request& r) -> Response {
        if (r.path == "/int") throw 42;
        throw std::runtime_error{"secret"};
    }};
    const auto answer = ask(running.path(), request("GET", "/", {}, {{"REQUEST_ID", "id-2"}}));
    EXPECT_EQ(answer.status, 500);
    EXPECT_THAT(answer.body, HasSubstr("/problems/internal-error"));
    EXPECT_THAT(answer.body, HasSubstr("id-2"));
    EXPECT_THAT(answer.body, Not(HasSubstr("secret")));
    EXPECT_THAT(running.journal.lines(), Contains("handler failed request_id=id-2 method=GET path=/ error=secret"));
    EXPECT_EQ(ask(running.path(), request("GET", "/int")).status, 500);
}

TEST(Server, LogsEachRequest) {
    const std::string trace = "0af7651916cd43dd8448eb211c80319c";
    Running running{echo};
    ask(running.path(),
        request("GET", "/x?secret", {},
                {{"REQUEST_ID", "id-3"}, {"HTTP_TRACEPARENT", "00-" + trace + "-b7ad6b7169203331-01"}}));
    EXPECT_THAT(running.journal.lines(), Contains(MatchesRegex("request request_id=id-3 trace_id=" + trace +
                                                               " method=GET route= path=/x status=200 "
                                                               "duration_ms=[0-9]+[.][0-9]+ thread_wait_ms=0.000 .*")));
}

TEST(Server, TellsWhoAsksOfEachAnswerAndOfWhatItWaitedFor) {
    std::string told;
    TimeSpent time;
    const auto handler = [](const Request& request) {
        request.spent->in_database += milliseconds{5};
        return Response{201, {}, {}};
    };
    ServerOptions options;
    options.threads = 1;
    options.on_answer = [&](const Request& request, const Response& response, const TimeSpent& spent) {
        told += request.path + ' ' + std::to_string(response.status) + ' ';
        time = spent;
    };
    {
        Running running{handler, options};
        ask(running.path(), request("GET", "/a"));
        ask(running.path(), request("POST", "/b", std::string(100'000, 'x'), {{"CONTENT_LENGTH", ""}}));
    }
    EXPECT_EQ(told, "/a 201 /b 413 ") << "also of what never came to the handler";
    EXPECT_EQ(time.in_database, milliseconds{0});
    EXPECT_GE(time.in_all, milliseconds{0});
}

TEST(Server, LogsFromTheLevelAskedFor) {
    const auto fails = [](const Request&) -> Response { throw std::runtime_error{"lost"}; };
    for (const auto level : {LogLevel::kWarning, LogLevel::kError}) {
        Running running{fails, {.threads = 1, .log_level = level}};
        ask(running.path(), request("GET", "/x"));
        EXPECT_THAT(running.journal.lines(), ElementsAre(HasSubstr("error=lost"))) << "and no line for the request";
    }
}

// ---- What is refused

TEST(Server, RefusesABodyThatIsTooLongAndReadsItAll) {
    std::atomic<int> calls = 0;
    Running running{[&](const Request&) { return ++calls, Response{}; }, {.threads = 1, .body_bytes = 1024}};
    EXPECT_EQ(ask(running.path(), request("POST", "/", std::string(1024, 'x'))).status, 200);
    for (const std::size_t size : {std::size_t{1025}, std::size_t{3'000'000}}) {
        const auto answer = ask(running.path(), request("POST", "/", std::string(size, 'x')));
        EXPECT_EQ(answer.status, 413);
        EXPECT_THAT(answer.body, HasSubstr("/problems/payload-too-large"));
        EXPECT_TRUE(answer.is_complete);
    }
    EXPECT_EQ(calls, 1);
}

TEST(Server, RefusesALengthThatIsNotTheBodys) {
    Running running{echo};
    for (const char* length : {"-1", "3", "4x", " 4", "0x4", "99999999999999999999", "+4"}) {
        const auto answer = ask(running.path(), request("POST", "/", "text", {{"CONTENT_LENGTH", length}}));
        EXPECT_EQ(answer.status, 400) << length;
        EXPECT_THAT(answer.body, HasSubstr("/problems/bad-request")) << length;
    }
}

TEST(Server, RefusesARequestWithoutMethodOrPath) {
    Running running{echo};
    EXPECT_EQ(ask(running.path(), request("", "/")).status, 400);
    EXPECT_EQ(ask(running.path(), request("GET", "")).status, 400);
    EXPECT_EQ(ask(running.path(), request("GET", "?a=b")).status, 400);
}

// ---- Start and stop

TEST(Server, AnswersWhatItWorksOnBeforeItStops) {
    std::promise<void> entered;
    std::promise<void> stopping;
    Running running{[&](const Request&) {
        entered.set_value();
        stopping.get_future().wait_for(kPatience);
        return Response{200, {}, "done"};
    }};
    Connection connection{running.path()};
    connection.send(request("GET", "/"));
    ASSERT_EQ(entered.get_future().wait_for(kPatience), std::future_status::ready);
    EXPECT_EQ(running.counts().busy_threads, 1U);
    running.server().stop();
    running.server().stop();
    stopping.set_value();
    EXPECT_EQ(connection.receive_answer().body, "done");
    running.stop_and_wait();
    EXPECT_EQ(running.counts().busy_threads, 0U);
    EXPECT_EQ(running.counts().requests, 1U);
}

TEST(Server, DoesNotStartWhenStoppedBefore) {
    const TemporaryFolder folder;
    Server server{ListenSocket::open("unix:" + (folder / "s")), echo};
    server.stop();
    server.run();
    EXPECT_THROW(server.run(), std::logic_error);
}

TEST(Server, StartsAndStopsFiftyTimes) {
    for (int i = 0; i < 50; ++i) {
        Running running{echo};
        EXPECT_EQ(ask(running.path(), request("GET", "/")).status, 200);
    }
}

TEST(Server, SharesAProcessWithAnother) {
    Running one{[](const Request&) { return Response{200, {}, "one"}; }};
    Running two{[](const Request&) { return Response{200, {}, "two"}; }};
    EXPECT_EQ(ask(one.path(), request("GET", "/")).body, "one");
    EXPECT_EQ(ask(two.path(), request("GET", "/")).body, "two");
    one.stop_and_wait();
    EXPECT_EQ(ask(two.path(), request("GET", "/")).body, "two");
}

TEST(Server, ServesManyAtOnce) {
    Running running{echo, {.threads = 8}};
    std::vector<std::thread> clients;
    clients.reserve(8);
    std::atomic<int> good = 0;
    for (int client = 0; client < 8; ++client) {
        clients.emplace_back([&, client] {
            for (int i = 0; i < 50; ++i) {
                const std::string body = std::to_string(client) + '/' + std::to_string(i);
                if (ask(running.path(), request("POST", "/", body)).body == "POST / " + body) ++good;
            }
        });
    }
    for (std::thread& client : clients) client.join();
    running.stop_and_wait();
    EXPECT_EQ(good, 400);
    EXPECT_EQ(running.counts().requests, 400U);
    EXPECT_EQ(running.counts().broken_connections, 0U);
}

TEST(Server, RefusesOptionsOutsideTheirRange) {
    const TemporaryFolder folder;
    const auto make = [&](const ServerOptions& options) {
        const Server server{ListenSocket::open("unix:" + (folder / "s")), echo, options};
    };
    EXPECT_THROW(make({.threads = 0}), std::invalid_argument);
    EXPECT_THROW(make({.threads = 1025}), std::invalid_argument);
    EXPECT_THROW(make({.body_bytes = 1023}), std::invalid_argument);
    EXPECT_THROW(make({.request_budget = milliseconds{9}}), std::invalid_argument);
    EXPECT_THROW(make({.io_timeout = std::chrono::minutes{11}}), std::invalid_argument);
    EXPECT_THROW(make({.connections = 0}), std::invalid_argument);
    EXPECT_THROW(make({.idle_timeout = milliseconds{99}}), std::invalid_argument);
    EXPECT_THROW(make({.drain_timeout = milliseconds{9}}), std::invalid_argument);
    EXPECT_THROW(Server(ListenSocket::open("unix:" + (folder / "s")), Handler{}), std::invalid_argument);
    EXPECT_NO_THROW(make({}));
}

}  // namespace
}  // namespace fcgi_worker
