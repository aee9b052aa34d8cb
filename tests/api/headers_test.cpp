/// What every answer carries, and where a todo's url comes from.
#include "api_test.hpp"

namespace api {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

struct RequestId : ApiTest {};

TEST_F(RequestId, IsTheClientsOwn) {
    const Headers id{{"X-Request-Id", "my-request_1.2"}};

    EXPECT_THAT(get(kTodos, id), HasHeader("X-Request-Id", "my-request_1.2"));
    EXPECT_THAT(get(kNobody, id), HasField("/request_id", R"("my-request_1.2")"));
    EXPECT_THAT(get("/nowhere", id), HasField("/request_id", R"("my-request_1.2")"));
}

TEST_F(RequestId, IsMadeWhereTheClientHasNone) {
    const std::string first = get(kTodos).header("X-Request-Id");
    const std::string second = get(kTodos).header("X-Request-Id");

    EXPECT_THAT(first, MatchesRegex("[0-9a-f-]{32,36}"));
    EXPECT_NE(first, second);
}

TEST_F(RequestId, IsMadeWhereTheClientsIsNone) {
    for (const std::string& bad : {std::string{"two words"}, std::string{R"("},"x":")"}, std::string(500, 'a')}) {
        EXPECT_THAT(get(kNobody, {{"X-Request-Id", bad}}), IsProblem(404, "not-found"));
        EXPECT_THAT(get(kTodos, {{"X-Request-Id", bad}}), HasHeader("X-Request-Id", MatchesRegex("[0-9a-f-]{32,36}")));
    }
}

struct EveryAnswer : ApiTest {};

TEST_F(EveryAnswer, TellsTheBrowserToTakeNoRisk) {
    const std::vector<std::string> of_each_kind{
        kTodos, kNobody, "/", "/style.css", "/problems/gone", "/nowhere", "/v1/" + std::string(9000, 'a')};
    for (const std::string& path : of_each_kind) {
        const Answer answer = get(path);
        EXPECT_THAT(answer, HasHeader("X-Content-Type-Options", "nosniff")) << path;
        EXPECT_THAT(answer, HasHeader("Referrer-Policy", "no-referrer")) << path;
        EXPECT_THAT(answer, HasHeader("Cross-Origin-Resource-Policy", "same-origin")) << path;
        EXPECT_THAT(answer, HasHeader("Content-Security-Policy", HasSubstr("frame-ancestors 'none'"))) << path;
    }
}

TEST_F(EveryAnswer, SaysNothingOfTlsWhereThereIsNone) {
    EXPECT_THAT(get(kTodos), HasNoHeader("Strict-Transport-Security"));
    EXPECT_THAT(get("/"), HasNoHeader("Strict-Transport-Security"));
}

TEST_F(EveryAnswer, MayDoNothingUnlessItIsAPage) {
    const char* nothing = "default-src 'none'; frame-ancestors 'none'";

    EXPECT_THAT(get(kTodos), HasHeader("Content-Security-Policy", nothing));
    EXPECT_THAT(get("/nowhere"), HasHeader("Content-Security-Policy", nothing));
    EXPECT_THAT(get("/"), HasHeader("Content-Security-Policy", HasSubstr("connect-src 'self'")));
}

TEST_F(EveryAnswer, KeepsWhatAPageMayDoWhenItHasNotChanged) {
    const Answer page = get("/");
    const Answer unchanged = get("/", {{"If-None-Match", page.header("ETag")}});

    EXPECT_THAT(page, HasHeader("Cross-Origin-Opener-Policy", "same-origin"));
    EXPECT_THAT(page, HasHeader("Permissions-Policy", HasSubstr("camera=()")));
    EXPECT_THAT(unchanged, Answers(304));
    EXPECT_THAT(unchanged, HasNoHeader("Content-Security-Policy"));
}

TEST_F(EveryAnswer, KeepsTheServersVersionToItself) {
    EXPECT_THAT(get(kTodos), HasHeader("Server", Not(ContainsRegex("[0-9]"))));
    EXPECT_THAT(get(kTodos), HasNoHeader("X-Powered-By"));
}

TEST_F(EveryAnswer, KeepsTheTagStrongForAClientThatTakesCompression) {
    const GivenTodo todo = given(R"({"title":"a","notes":)" + quoted(std::string(5000, 'n')) + "}");

    EXPECT_THAT(get(todo.path, {{"Accept-Encoding", "gzip, br"}}), HasHeader("ETag", todo.etag));
}

struct Url : ApiTest {
    static Answer get_from(const std::string& host, const std::string& path = kTodos) {
        return send_raw("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    }
};

TEST_F(Url, HasTheNameThatTheClientUsed) {
    const GivenTodo todo = given_todo();
    const std::string port = stack::setting("FIRST_PORT");

    EXPECT_THAT(get(todo.path, {{"Host", "localhost:" + port}}),
                HasField("/url", quoted("http://localhost:" + port + todo.path)));
}

TEST_F(Url, IsNeverMadeOfAHostThatIsNotOurs) {
    given_todo();

    for (const char* host :
         {"evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil", "10.0.0.1"}) {
        EXPECT_THAT(get_from(host), IsProblem(421, "misdirected-request")) << host;
    }
}

TEST_F(Url, IsNeverMadeOfAHostThatIsNone) {
    for (const char* host : {"", "local host", "localhost/..", "localhost\"", "localhost\\x", "<script>", "@localhost",
                             "user@evil.example"}) {
        EXPECT_THAT(get_from(host),
                    testing::AnyOf(IsProblem(400, "bad-request"), IsProblem(421, "misdirected-request")))
            << host;
    }
}

TEST_F(Url, IsNeverMadeOfAHostInTheRequestLine) {
    EXPECT_THAT(get_from("127.0.0.1", "http://evil.example/v1/todos"), IsProblem(421, "misdirected-request"));
}

TEST_F(Url, IsNeverMadeOfForwardingHeaders) {
    const GivenTodo todo = given_todo();
    const Headers forged{{"X-Forwarded-Host", "evil.example"},
                         {"X-Forwarded-Proto", "https"},
                         {"X-Forwarded-Port", "1"},
                         {"Forwarded", "host=evil.example;proto=https"}};

    EXPECT_THAT(get(todo.path, forged), HasField("/url", quoted(todo.url)));
}

}  // namespace
}  // namespace api
