/// An HTTP client of the stack, and raw bytes for what no HTTP client would send: the one place that knows a socket.
///
/// Requests for todos are those of one user, whose account the process makes when it needs one: there are his todos and
/// nobody else's. What has an Authorization or a Cookie of its own, or is written as raw bytes, is not his.
///
/// Where TEST_ANSWERS names a file, a line for each request through nginx and its answer comes into it (json.hpp).
///
/// Threads: all functions may be called from any thread; each request has a connection of its own.
/// Errors:  std::runtime_error where there is no answer at all within 15 s.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace api {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Answer {
    int status = 0;
    Headers headers;
    std::string body;

    /// The first of that name, in any case of letters; empty where there is none.
    [[nodiscard]] std::string header(const std::string& name) const;
    [[nodiscard]] bool has_header(const std::string& name) const;
};

struct Call {
    std::string method;
    std::string path;  ///< With its query; sent as it is.
    Headers headers;
    std::optional<std::string> body;
    std::string url;  ///< "http://127.0.0.1:8081"; empty: STACK_URL.
};

Answer send(const Call& call);

Answer get(const std::string& path, const Headers& headers = {});
Answer head(const std::string& path, const Headers& headers = {});
Answer options(const std::string& path, const Headers& headers = {});
Answer remove(const std::string& path, const Headers& headers = {});

/// "Bearer ...", of that user: for requests that are made in another way.
[[nodiscard]] std::string authorization();

/// As application/json, unless the headers say something else.
Answer post(const std::string& path, const std::string& body, const Headers& headers = {});
Answer put(const std::string& path, const std::string& body, const Headers& headers = {});
Answer patch(const std::string& path, const std::string& body, const Headers& headers = {});

/// Writes the bytes to nginx's first port and reads one answer. 127.0.0.1 is exempt from the limits of an address.
Answer send_raw(const std::string& bytes, const std::string& from_address = "127.0.0.1");

/// Writes a head with `Expect: 100-continue` likewise, waits until nginx asks for the body, and lets it wait for that
/// as long as the result lives.
[[nodiscard]] std::shared_ptr<const void> begin_raw(const std::string& head, const std::string& from_address);

/// GET from the listener that is a unix socket.
Answer get_private(const std::string& path);

/// Calls `request(0)` ... `request(count - 1)`, each in a thread of its own, all let go at the same moment.
std::vector<Answer> at_once(std::size_t count, const std::function<Answer(std::size_t)>& request);

}  // namespace api
