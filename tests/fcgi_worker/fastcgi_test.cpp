/// What is left of one request on a kept connection is not read as the next one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>

#include <fcgi_worker/problem.hpp>
#include <fcgi_worker/router.hpp>
#include <fcgi_worker/server.hpp>

#include "fastcgi_client.hpp"
#include "running_server.hpp"

namespace fcgi_worker {
namespace {

using fastcgi_client::ask_again;
using fastcgi_client::Connection;
using fastcgi_client::keeping;
using fastcgi_client::records;
using fastcgi_client::request;
using fastcgi_client::Type;

struct ForgedRequest : testing::Test {
    std::atomic<int> forged = 0;
    Router router;
    Running running{[this](const Request& r) { return router.handle(r); }, {.threads = 2, .body_bytes = 1024}};
    const std::string body = records(Type::kStdin, {}) + keeping(request("GET", "/forged"));

    void SetUp() override {
        router.add("GET", "/forged", [this](const Request&) { return ++forged, Response{}; });
        router.add("GET", "/honest", [](const Request&) { return Response{200, {}, "honest"}; });
        for (const char* method : {"GET", "POST", "DELETE"}) {
            router.add(method, "/ignores", [](const Request&) { return Response{200, {}, "ignored"}; });
        }
        router.add("POST", "/denies", [](const Request&) -> Response {
            throw Problem(401, "unauthorized", "Unauthorized", "Sign in first.");
        });
        router.add("POST", "/fails", [](const Request&) -> Response { throw std::runtime_error{"a bug"}; });
    }

    void expect_that_it_is_none(const std::string& method, const std::string& path, const std::string& sent,
                                int status) {
        const Connection connection{running.path()};
        connection.send(keeping(request(method, path, sent)));
        EXPECT_EQ(connection.receive_kept_answer().status, status) << path;
        EXPECT_EQ(ask_again(connection, "/honest"), "honest") << path;
        EXPECT_EQ(forged, 0) << path;
    }
};

TEST_F(ForgedRequest, IsNotReadFromABodyThatTheHandlerIgnores) {
    for (const char* method : {"GET", "POST", "DELETE"}) expect_that_it_is_none(method, "/ignores", body, 200);
}
TEST_F(ForgedRequest, IsNotReadFromTheBodyOfARefusal) {
    expect_that_it_is_none("POST", "/denies", body, 401);
    expect_that_it_is_none("POST", "/nowhere", body, 404);
    expect_that_it_is_none("POST", "/honest", body, 405);
}
TEST_F(ForgedRequest, IsNotReadFromABodyThatIsTooLong) {
    std::string large;
    while (large.size() < 300'000) large += body;
    expect_that_it_is_none("POST", "/ignores", large, 413);
}
TEST_F(ForgedRequest, IsNotReadAfterAnException) { expect_that_it_is_none("POST", "/fails", body, 500); }

TEST_F(ForgedRequest, IsNotReadFromABodyCutShort) {
    const Connection connection{running.path()};
    connection.send(keeping(request("POST", "/ignores", body, {{"CONTENT_LENGTH", "1000"}})));
    EXPECT_EQ(connection.receive(), "") << "nothing that follows can be trusted";
    EXPECT_EQ(forged, 0);
}

TEST(KeptConnection, IsNotKeptWhereMoreWasSentThanOneRequest) {
    Running running{echo, {.threads = 1}};
    const Connection connection{running.path()};
    // More than libfcgi reads at once: some of the second request is still on the socket when the first one is
    // answered.
    connection.send(keeping(request("GET", "/1")) + keeping(request("POST", "/2", std::string(20'000, 'x'))));
    EXPECT_THAT(connection.receive(), testing::Not(testing::HasSubstr("/2")));
}

}  // namespace
}  // namespace fcgi_worker
