/// Calls a handler or a router as a server does, without a socket: for the tests of a program's own routes.
///
///     TestClient client{router};
///     EXPECT_EQ(client.get("/links/1").status, 200);
///     const Response created = client.post("/links", R"({"url":"https://example.org"})");
///     const Response changed = client.send({.method = "PATCH", .target = "/links/1", .headers = {{"If-Match", "*"}}});
///
/// The handler gets the request as it comes through the web server; the answer is what a client reads: with its
/// X-Request-Id and Content-Length, without a body where HTTP has none, and 500 for a handler that throws or whose
/// answer cannot be sent. What a server refuses by its options, old requests and long bodies, is not refused here.
///
/// Threads: one for each client; several clients may share a handler.
/// Errors:  the constructor throws std::invalid_argument for an empty handler. What a handler throws goes to the log.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <fcgi_worker/deadline.hpp>
#include <fcgi_worker/http.hpp>
#include <fcgi_worker/log.hpp>
#include <fcgi_worker/router.hpp>

namespace fcgi_worker {

/// What does not come from a request.
struct TestClientOptions {
    std::string origin = "http://localhost";  ///< Request::origin.
    Log log = log_nothing;                    ///< Hears what a server's log hears of a handler that fails.
};

/// What a client sends.
struct TestRequest {
    std::string method = "GET";  ///< As a request line has it.
    std::string target = "/";    ///< Path and query as in a request line: "/links?limit=2".

    /// Names in any case. With a body there is a Content-Type of application/json, unless one is named here; an
    /// empty one stands for none. An X-Request-Id becomes the request's id where it is fit for one.
    Fields headers = {};
    std::string body = {};  ///< As it is sent.

    /// None: an hour from now. The handler is called also where it is over, to see what it does then.
    std::optional<Deadline> deadline = {};
};

/// Sends requests to one handler or router.
class TestClient {
public:
    /// It keeps `handler`.
    explicit TestClient(Handler handler, TestClientOptions options = {});

    /// `router` outlives the client.
    explicit TestClient(const Router& router, TestClientOptions options = {});
    explicit TestClient(const Router&& router, TestClientOptions options = {}) = delete;

    /// @{
    /// What a request of that method is answered. remove() is DELETE, which is no name in C++.
    Response get(std::string target, Fields headers = {});
    Response head(std::string target, Fields headers = {});
    Response post(std::string target, std::string body, Fields headers = {});
    Response put(std::string target, std::string body, Fields headers = {});
    Response patch(std::string target, std::string body, Fields headers = {});
    Response remove(std::string target, Fields headers = {});
    /// @}
    /// What this one is answered.
    Response send(TestRequest request);

private:
    [[nodiscard]] Request arrived(TestRequest sent);

    Handler handler_;
    TestClientOptions options_;
    std::size_t requests_ = 0;
};

}  // namespace fcgi_worker
