// Every route, with every method, as everybody who is not its owner. The routes come from the router itself, so that a
// new one cannot be forgotten.
#include <gmock/gmock.h>

#include <chrono>
#include <functional>
#include <set>
#include <thread>

#include <fcgi_worker/router.hpp>
#include <fcgi_worker/test_client.hpp>

#include "../accounts/keys_file.hpp"
#include "../accounts/token_text.hpp"
#include "accounts/accounts.hpp"
#include "accounts/refresh_token.hpp"
#include "crypto.hpp"
#include "database_test.hpp"
#include "pg_store.hpp"
#include "routes.hpp"

namespace todo::tests {
namespace {

using fcgi_worker::Fields;
using fcgi_worker::Response;
using testing::AnyOf;

/// What somebody does who has no account yet, or has lost his token.
const std::set<std::pair<std::string, std::string>> kForAnybody{
    {"POST", "/v1/accounts"},         {"POST", "/v1/sessions"},
    {"POST", "/v1/sessions/refresh"}, {"POST", "/v1/email-verifications/confirm"},
    {"POST", "/v1/password-resets"},  {"POST", "/v1/password-resets/confirm"}};

const std::vector<std::string> kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};

Fields bearer(const std::string& token) { return {{"Authorization", "Bearer " + token}}; }
/// What a browser sends for a page of that origin.
Fields cookie(const std::string& token, const std::string& origin) {
    return {{"Cookie", "todo_access=" + token}, {"Host", "todo.example"}, {"Origin", origin}};
}
Fields own_page(const std::string& token) { return cookie(token, "https://todo.example"); }

std::string one_key() {
    static const KeysFile file{key_set({hs256_jwk("one", kSecret)})};
    return file.path();
}

struct Walk : testing::Test {
    Walk() {
        start_crypto();
        accounts.add_routes(router);
        add_routes(router, todos, api, accounts.identify());
    }

    /// Somebody with an account and one todo.
    struct Person {
        OwnerId owner;
        Uuid session;
        TodoId todo;
        std::string token;
    };
    Person given_person() {
        const OwnerId owner = new_owner();
        const RefreshToken refresh = make_refresh_token(owner, make_uuid_v7());
        EXPECT_TRUE(store.create(owner, std::nullopt, {refresh.session, refresh.digest}, soon()));
        const TodoId todo = new_id();
        EXPECT_EQ(todos.create(owner, todo, {.title = "theirs"}, {}, soon()).outcome, Outcome::kCreated);
        return {owner, refresh.session, todo, tokens.sign(owner, refresh.session, std::chrono::system_clock::now())};
    }

    /// `todo` stands where the pattern has a name.
    Response send(const std::string& method, const std::string& pattern, TodoId todo, Fields headers) {
        std::string path = pattern;
        const std::size_t name = path.find('{');
        if (name != std::string::npos) path.replace(name, path.find('}') + 1 - name, todo.value.to_string());
        std::string body;
        if (method != "GET" && method != "HEAD" && method != "DELETE") {
            headers.add("Content-Type", "application/json");
            body = R"({"title":"changed"})";
        }
        return client.send({.method = method, .target = path, .headers = headers, .body = body});
    }

    /// Calls `visit` with each route that asks who somebody is.
    void each_route(const std::function<void(const std::string& method, const std::string& pattern)>& visit) {
        std::size_t count = 0;
        for (const auto& [method, pattern] : router.routes()) {
            if (kForAnybody.contains({method, pattern})) continue;
            SCOPED_TRACE(testing::Message() << method << ' ' << pattern);
            visit(method, pattern);
            ++count;
        }
        EXPECT_GE(count, 12);
    }
    void expect_refused(const Fields& headers, TodoId todo) {
        each_route([&](const std::string& method, const std::string& pattern) {
            const Response refused = send(method, pattern, todo, headers);
            EXPECT_EQ(refused.status, 401);
            EXPECT_TRUE(refused.headers.find("WWW-Authenticate"));
        });
    }
    void expect_refused(const std::string& token, TodoId todo) {
        expect_refused(bearer(token), todo);
        expect_refused(own_page(token), todo);
    }
    void wait_until_revoked(OwnerId owner, Uuid session) {
        const auto latest = std::chrono::steady_clock::now() + std::chrono::seconds{2};
        const Identify identify = accounts.identify();
        fcgi_worker::Request request;
        request.headers.add("authorization", "Bearer " + tokens.sign(owner, session, std::chrono::system_clock::now()));
        for (;;) {
            try {
                (void)identify(request);
            } catch (const fcgi_worker::Problem& problem) {
                ASSERT_EQ(problem.code(), "revoked");
                return;
            }
            ASSERT_LT(std::chrono::steady_clock::now(), latest) << "two seconds are what docs/security.md says";
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
        }
    }

    Pool pool{patient("STACK_WORKER_DSN", 4, catalogue())};
    PgStore todos{pool, {.shards = shards()}};
    PgAccountStore store{pool};
    Tokens tokens{{.keys_file = one_key()}};
    Accounts accounts{pool,
                      {.keys_file = one_key()},
                      {.command = "/bin/true", .from = "todo@example.org", .page_url = "https://todo.example/"},
                      fcgi_worker::log_nothing};
    ApiOptions api;
    fcgi_worker::Router router;
    fcgi_worker::TestClient client{router, {.origin = "http://localhost"}};
};

TEST_F(Walk, LetsNobodyInWithoutAToken) {
    const Person person = given_person();
    expect_refused(Fields{}, person.todo);
    expect_refused("", person.todo);
    expect_refused("nonsense", person.todo);
}

TEST_F(Walk, LetsNobodyInWithTwoTokens) {
    const Person person = given_person();
    expect_refused(own_page(person.token + "; todo_access=" + person.token), person.todo);
    Fields both = own_page(person.token);
    both.add("Authorization", "Bearer nonsense");
    expect_refused(both, person.todo);
}

TEST_F(Walk, LetsAPageOfAnotherOriginChangeNothing) {
    const Person person = given_person();
    each_route([&](const std::string& method, const std::string& pattern) {
        for (const char* origin : {"https://evil.example", "null", ""}) {
            const int status = send(method, pattern, person.todo, cookie(person.token, origin)).status;
            EXPECT_EQ(status, method == "GET" ? 200 : 403) << origin;
        }
    });
    const auto todo = todos.find(person.owner, person.todo, soon());
    ASSERT_TRUE(todo);
    EXPECT_EQ(todo->version, 1);
    EXPECT_TRUE(store.read(person.owner, soon()));
}

TEST_F(Walk, LetsNobodyInWhoseTokenHasEnded) {
    const Person person = given_person();
    const auto before = std::chrono::system_clock::now() - kTokenLife;
    expect_refused(tokens.sign(person.owner, person.session, before), person.todo);
}

TEST_F(Walk, LetsNobodyInWhoWasBlocked) {
    const Person person = given_person();
    ASSERT_TRUE(store.block(person.owner, soon()));
    wait_until_revoked(person.owner, person.session);
    expect_refused(person.token, person.todo);
    EXPECT_TRUE(todos.find(person.owner, person.todo, soon()));
}

TEST_F(Walk, LetsNobodyInWhoseAccountWasRemoved) {
    const Person person = given_person();
    ASSERT_TRUE(store.remove(store.read(person.owner, soon()).value(), soon()));
    wait_until_revoked(person.owner, person.session);
    expect_refused(person.token, person.todo);
}

TEST_F(Walk, ShowsAStrangerWhatIsNotThere) {
    const Person owner = given_person();
    each_route([&](const std::string& method, const std::string& pattern) {
        const Person stranger = given_person();
        const Response theirs = send(method, pattern, owner.todo, bearer(stranger.token));
        const Person other = given_person();
        const Response nobodys = send(method, pattern, new_id(), bearer(other.token));
        EXPECT_EQ(theirs.status, nobodys.status);
        EXPECT_EQ(theirs.body.find("theirs") != std::string::npos, nobodys.body.find("theirs") != std::string::npos);
        const bool names_a_todo = pattern.find('{') != std::string::npos;
        EXPECT_EQ(theirs.status == 404, names_a_todo && method != "PUT");  // which makes one of the stranger's own
    });
    const auto todo = todos.find(owner.owner, owner.todo, soon());
    ASSERT_TRUE(todo);
    EXPECT_EQ(todo->content.title, "theirs");
    EXPECT_EQ(todo->version, 1);
    EXPECT_TRUE(store.read(owner.owner, soon()));
}

TEST_F(Walk, LetsTheOwnerThrough) {
    each_route([&](const std::string& method, const std::string& pattern) {
        for (Fields (*const presented)(const std::string&) : {&bearer, &own_page}) {
            const Person owner = given_person();
            const int status = send(method, pattern, owner.todo, presented(owner.token)).status;
            EXPECT_NE(status, 401);
            EXPECT_NE(status, 403);
            EXPECT_NE(status, 404);
            EXPECT_LT(status, 500);
        }
    });
}

TEST_F(Walk, KnowsNoOtherMethods) {
    const Person owner = given_person();
    std::set<std::pair<std::string, std::string>> known;
    std::set<std::string> patterns;
    for (const auto& [method, pattern] : router.routes()) {
        known.emplace(method, pattern);
        if (method == "GET") known.emplace("HEAD", pattern);
        patterns.insert(pattern);
    }
    for (const std::string& pattern : patterns) {
        for (const std::string& method : kMethods) {
            if (known.contains({method, pattern})) continue;
            for (const Fields& headers : {Fields{}, bearer(owner.token), own_page(owner.token)}) {
                EXPECT_EQ(send(method, pattern, owner.todo, headers).status, 405) << method << ' ' << pattern;
            }
        }
    }
    EXPECT_TRUE(todos.find(owner.owner, owner.todo, soon()));
}

}  // namespace
}  // namespace todo::tests
