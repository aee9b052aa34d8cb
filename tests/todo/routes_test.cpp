// The handlers without a socket and without a database: what is answered to which request.
#include "routes.hpp"

#include <gmock/gmock.h>

#include "crypto.hpp"
#include "memory_store.hpp"

namespace todo {
namespace {

using fcgi_worker::Fields;
using fcgi_worker::Request;
using fcgi_worker::Response;
using fcgi_worker::Router;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const OwnerId kAlice{*Uuid::parse("00000000-0000-7000-8000-00000000000a")};
const Fields kJson{{"content-type", "application/json"}};
constexpr const char* kNobodysId = "01900000-0000-7000-8000-000000000001";

struct Routes : testing::Test {
    Routes() {
        start_crypto();
        add_routes(router, store, options);
    }

    Response send(const std::string& method, const std::string& path, const std::string& body = {},
                  const Fields& headers = kJson, const std::string& query = {}) {
        Request request;
        request.method = method;
        request.path = path;
        request.query = query;
        request.headers = headers;
        request.body = body;
        request.origin = "http://todo.example:8080";
        request.request_id = "the-request";
        return router.handle(request);
    }
    static std::string header(const Response& response, const char* name) {
        return std::string{response.headers.find(name).value_or("")};
    }
    /// The path of a new todo.
    std::string given_todo(const std::string& title) {
        const std::string location = header(send("POST", "/v1/todos", R"({"title":")" + title + "\"}"), "Location");
        return location.substr(options.public_url.empty() ? std::string{"http://todo.example:8080"}.size()
                                                          : options.public_url.size());
    }
    static Fields with(const std::string& name, const std::string& value) {
        Fields headers = kJson;
        headers.add(name, value);
        return headers;
    }

    MemoryStore store;
    ApiOptions options{.public_url = "", .anonymous_owner = kAlice};
    Router router;
};

TEST_F(Routes, AnswerAPostWithTheTodoItsTagAndItsPlace) {
    const Response created = send("POST", "/v1/todos", R"({"title":"water the plants"})");

    EXPECT_EQ(created.status, 201);
    EXPECT_THAT(created.body, HasSubstr(R"("title":"water the plants","completed":false,"order":null,"notes":"")"));
    EXPECT_THAT(header(created, "Location"), StartsWith("http://todo.example:8080/v1/todos/"));
    EXPECT_THAT(header(created, "ETag"), StartsWith("\"1-"));
    EXPECT_EQ(header(created, "Cache-Control"), "private, no-cache");
}

TEST_F(Routes, BuildUrlsFromThePublicUrlWhereThereIsOne) {
    options.public_url = "https://todo.public";
    EXPECT_THAT(send("POST", "/v1/todos", R"({"title":"t"})").body,
                HasSubstr(R"("url":"https://todo.public/v1/todos/)"));
}

TEST_F(Routes, AnswerNobodyWhoIsNotSignedIn) {
    options.anonymous_owner.reset();
    const Response refused = send("GET", "/v1/todos");
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(header(refused, "WWW-Authenticate"), "Bearer");
}

TEST_F(Routes, ShowOneOwnersTodosToNoOther) {
    const std::string path = given_todo("mine");
    options.anonymous_owner = OwnerId{*Uuid::parse("00000000-0000-7000-8000-00000000000b")};
    EXPECT_EQ(send("GET", path).status, 404);
    EXPECT_EQ(send("GET", "/v1/todos").body, "[]");
}

TEST_F(Routes, LinkToTheNextPageUntilThereIsNone) {
    given_todo("a");
    given_todo("b");
    const Response first = send("GET", "/v1/todos", {}, {}, "limit=1&sort=order");
    const std::string link = header(first, "Link");
    ASSERT_THAT(link, StartsWith("<http://todo.example:8080/v1/todos?"));

    const std::string query = link.substr(link.find('?') + 1, link.find('>') - link.find('?') - 1);
    const Response second = send("GET", "/v1/todos", {}, {}, query);

    EXPECT_THAT(second.body, HasSubstr(R"("title":"b")"));
    EXPECT_EQ(header(second, "Link"), "");
}

TEST_F(Routes, RefuseAQueryTheyDoNotKnow) {
    given_todo("stays");
    EXPECT_EQ(send("DELETE", "/v1/todos", {}, {}, "complete=true").status, 400);
    EXPECT_EQ(send("GET", "/v1/todos", {}, {}, "limit=0").status, 400);
    EXPECT_EQ(send("GET", "/v1/todos", {}, {}, "limit=201").status, 400);
    EXPECT_EQ(send("GET", "/v1/todos", {}, {}, "limit=1&limit=2").status, 400);
    EXPECT_EQ(send("GET", "/v1/todos", {}, {}, "cursor=made-up").status, 400);
    EXPECT_THAT(send("GET", "/v1/todos").body, HasSubstr("stays"));
}

TEST_F(Routes, AnswerNotModifiedToAClientWhoseCopyIsCurrent) {
    const std::string path = given_todo("t");
    const std::string tag = header(send("GET", path), "ETag");
    EXPECT_EQ(send("GET", path, {}, {{"if-none-match", tag}}).status, 304);
    EXPECT_EQ(send("GET", path, {}, {{"if-none-match", "W/" + tag}}).status, 304);
    EXPECT_EQ(send("GET", path, {}, {{"if-none-match", "\"1-1\""}}).status, 200);
}

TEST_F(Routes, WriteOnlyWhereIfMatchHolds) {
    const std::string path = given_todo("before");
    const std::string tag = header(send("GET", path), "ETag");
    EXPECT_EQ(send("PATCH", path, R"({"title":"after"})", with("if-match", tag)).status, 200);
    EXPECT_EQ(send("PATCH", path, R"({"title":"late"})", with("if-match", tag)).status, 412);
    EXPECT_EQ(send("DELETE", path, {}, with("if-match", tag)).status, 412);
    EXPECT_EQ(send("PUT", path, R"({"title":"new"})", with("if-none-match", "*")).status, 412);
    EXPECT_EQ(send("PATCH", path, R"({"title":"x"})", with("if-match", "not quoted")).status, 400);
}

TEST_F(Routes, CreateAndReplaceWithPut) {
    const std::string path = std::string{"/v1/todos/"} + kNobodysId;
    EXPECT_EQ(send("PUT", path, R"({"title":"a"})").status, 201);
    EXPECT_EQ(send("PUT", path, R"({"title":"b"})").status, 200);
}

TEST_F(Routes, PointAtAReadOnlyFieldThatWasChanged) {
    const std::string path = given_todo("t");
    const Response refused = send("PATCH", path, R"({"version":7})");
    EXPECT_EQ(refused.status, 422);
    EXPECT_THAT(refused.body, HasSubstr(R"("pointer":"/version")"));
    EXPECT_EQ(send("PATCH", path, R"({"version":1,"title":"u"})").status, 200);
}

TEST_F(Routes, DeleteTwiceButNotWhatNeverWas) {
    const std::string path = given_todo("t");
    EXPECT_EQ(send("DELETE", path).status, 204);
    EXPECT_EQ(send("DELETE", path).status, 204);
    EXPECT_EQ(send("DELETE", std::string{"/v1/todos/"} + kNobodysId).status, 404);
    EXPECT_EQ(send("GET", path).status, 404);
    EXPECT_EQ(send("GET", "/v1/todos/not-an-id").status, 404);
}

TEST_F(Routes, RefuseWhatIsNoJsonByItsType) {
    EXPECT_EQ(send("POST", "/v1/todos", R"({"title":"t"})", {{"content-type", "text/plain"}}).status, 415);
    EXPECT_EQ(send("POST", "/v1/todos", R"({"title":"t"})", {}).status, 415);
    EXPECT_EQ(send("POST", "/v1/todos", "{").status, 400);
    EXPECT_EQ(send("GET", "/v1/todos").body, "[]");
}

TEST_F(Routes, DoAWriteWithAKeyOnce) {
    const Fields key = with("idempotency-key", "one");
    const Response first = send("POST", "/v1/todos", R"({"title":"once"})", key);
    const Response again = send("POST", "/v1/todos", R"({"title":"once"})", key);

    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(header(again, "Idempotent-Replayed"), "true");
    EXPECT_EQ(send("POST", "/v1/todos", R"({"title":"other"})", key).status, 422);
}

TEST_F(Routes, SayGoneToTheRepeatOfACreateWhoseTodoWasDeleted) {
    const Fields key = with("idempotency-key", "one");
    send("POST", "/v1/todos", R"({"title":"once"})", key);
    send("DELETE", "/v1/todos");
    EXPECT_EQ(send("POST", "/v1/todos", R"({"title":"once"})", key).status, 410);
}

TEST_F(Routes, AskForPatienceWhileARequestWithTheKeyRuns) {
    store.begin(kAlice, "one");
    const Response refused = send("POST", "/v1/todos", R"({"title":"t"})", with("idempotency-key", "one"));
    EXPECT_EQ(refused.status, 409);
    EXPECT_NE(header(refused, "Retry-After"), "");
}

TEST_F(Routes, SayWhenAnOwnerHasTooMany) {
    store.maximum_todos = 1;
    given_todo("the one");
    EXPECT_EQ(send("POST", "/v1/todos", R"({"title":"another"})").status, 409);
}

TEST_F(Routes, SayThatTheStoreIsAwayAndNothingOfWhy) {
    store.unavailable = true;
    const Response refused = send("GET", "/v1/todos");
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(header(refused, "Retry-After"), "");
    EXPECT_THAT(refused.body, Not(HasSubstr("store")));
}

}  // namespace
}  // namespace todo
