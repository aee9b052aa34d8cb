/// What a handler's answer looks like to the web server: as it was given, or 500 where a header or a status in it could
/// be taken for something else. The whole server is asked, over a socket.
///
/// An input is a line with the status, headers NAME=VALUE, an empty line, and the body.
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>
#include <thread>

#include <fcgi_worker/server.hpp>

#include "descriptor.hpp"
#include "fuzz.hpp"
#include "web_server.hpp"

namespace fuzz {
namespace {

using fcgi_worker::Descriptor;
using fcgi_worker::Fields;
using fcgi_worker::ListenSocket;
using fcgi_worker::Request;
using fcgi_worker::Response;
using fcgi_worker::Server;

Response given_response(std::string_view input) {
    Response response;
    const std::string_view status = take_line(input);
    std::from_chars(status.data(), status.data() + status.size(), response.status);
    response.headers = take_fields(input);
    response.body = input;
    return response;
}

/// A server that answers a request with the response that its body describes, until the process ends.
///
/// Between two inputs its thread has nothing to do and stands on its own stack: libFuzzer looks for leaks then, and
/// while a thread is on a fiber's stack the leak sanitizer does not see what its own one points to.
class Running {
public:
    Running() : server_(listening(), answer, {.threads = 1}), runner_([this] { server_.run(); }) {}
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
        server_.stop();
        runner_.join();
    }

    [[nodiscard]] Answer ask(std::string_view request) const {
        Answer answer = exchange(request);
        while (server_.counts().busy_threads > 0) std::this_thread::yield();
        return answer;
    }

private:
    [[nodiscard]] Answer exchange(std::string_view request) const {
        const Descriptor connection{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        expect(connect(connection.get(), reinterpret_cast<const sockaddr*>(&address_), length_) == 0,
               "one can connect");
        while (!request.empty()) {
            const ssize_t count = send(connection.get(), request.data(), request.size(), MSG_NOSIGNAL);
            expect(count > 0, "a request can be sent");
            request.remove_prefix(static_cast<std::size_t>(count));
        }
        std::string bytes;
        std::array<char, 65536> chunk;
        for (;;) {
            const ssize_t count = recv(connection.get(), chunk.data(), chunk.size(), 0);
            if (count < 0 && errno == EINTR) continue;  // libFuzzer has an alarm clock
            if (count <= 0) return parse_answer(bytes);
            bytes.append(chunk.data(), static_cast<std::size_t>(count));
        }
    }

    static Response answer(const Request& request) { return given_response(request.body); }

    /// At a name that the kernel makes up: no file stays behind however the process ends.
    ListenSocket listening() {
        Descriptor descriptor{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        address_.sun_family = AF_UNIX;
        auto* const address = reinterpret_cast<sockaddr*>(&address_);
        expect(bind(descriptor.get(), address, sizeof address_.sun_family) == 0 && listen(descriptor.get(), 16) == 0 &&
                   getsockname(descriptor.get(), address, &length_) == 0,
               "there is a socket to listen on");
        return ListenSocket::inherit(descriptor.release());
    }

    sockaddr_un address_{};
    socklen_t length_ = sizeof address_;
    Server server_;
    std::thread runner_;
};

bool is_token(std::string_view name) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               kMarks.find(c) < kMarks.size();
    });
}

bool is_sendable(const Response& response) {
    return response.status >= 200 && response.status <= 599 &&
           std::all_of(response.headers.begin(), response.headers.end(), [](const auto& header) {
               return is_token(header.first) &&
                      header.second.find_first_of(std::string_view{"\r\n\0", 3}) == std::string::npos;
           });
}

/// The lines that a header of that name makes, in their order.
Fields read_head(std::string_view head) {
    Fields fields;
    while (!head.empty()) {
        const std::string_view line = head.substr(0, head.find("\r\n"));
        head.remove_prefix(std::min(head.size(), line.size() + 2));
        const std::size_t colon = line.find(": ");
        expect(colon != std::string_view::npos, "each line of a head is a header");
        fields.add(std::string{line.substr(0, colon)}, std::string{line.substr(colon + 2)});
    }
    return fields;
}

/// What must come back for `given`, line by line.
Fields expected_head(const Response& given, std::string_view status, std::string_view request_id) {
    Fields head{{"Status", std::string{status}}};
    const auto is_same = [](std::string_view left, std::string_view right) {
        return Fields{{std::string{left}, ""}}.find(right).has_value();
    };
    for (const auto& [name, value] : given.headers) {
        if (!is_same(name, "Content-Length") && !is_same(name, "Status")) head.add(name, value);
    }
    if (!given.headers.find("X-Request-Id")) head.add("X-Request-Id", std::string{request_id});
    if (given.status != 204 && given.status != 304) head.add("Content-Length", std::to_string(given.body.size()));
    return head;
}

}  // namespace

void run(std::string_view input) {
    static const Running server;
    const Response given = given_response(input);
    const Answer answer = server.ask(framed_request(
        {{"REQUEST_METHOD", "GET"}, {"REQUEST_URI", "/"}, {"REQUEST_ID", "fuzz"}}, input, Framing{{}, {}}));
    expect(answer.is_complete, "an answer is complete");
    const std::size_t end = answer.text.find("\r\n\r\n");
    expect(end != std::string::npos, "an answer has a head");
    const Fields head = read_head(std::string_view{answer.text}.substr(0, end));
    const std::string status{head.find("Status").value_or("")};

    if (!is_sendable(given)) {
        expect(status.starts_with("500 "), "what cannot be sent is answered 500");
        expect(std::distance(head.begin(), head.end()) == 5, "and nothing of it is sent");
        return;
    }
    expect(status.starts_with(std::to_string(given.status) + ' '), "the status is the handler's");
    const Fields expected = expected_head(given, status, "fuzz");
    expect(std::equal(head.begin(), head.end(), expected.begin(), expected.end()), "the headers are the handler's");
    const bool has_body = given.status != 204 && given.status != 304;
    expect(answer.text.substr(end + 4) == (has_body ? given.body : ""), "the body is the handler's");
}

}  // namespace fuzz
