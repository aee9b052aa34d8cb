/// The doorway to libfcgi: what the web server sends is what the handler sees, however it is cut into records and
/// reads, and a request that is cut short never gets to a handler.
///
/// An input is five lines: record lengths and paddings (see Framing), lengths of single reads less one, how many bytes
/// are missing at the end, and how often the body is repeated. Then parameters NAME=VALUE, an empty line, the body.
#include "fastcgi.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

#include "descriptor.hpp"
#include "fuzz.hpp"
#include "web_server.hpp"

namespace fuzz {
namespace {

using fcgi_worker::Descriptor;
using fcgi_worker::Fields;
using fcgi_worker::Request;
using fcgi_worker::Response;
using fcgi_worker::fastcgi::Incoming;
using fcgi_worker::fastcgi::Outcome;

constexpr std::size_t kBodyBytes = 20000;      // more than two of libfcgi's reads
constexpr std::size_t kSentBodyBytes = 65536;  // far above, and still all on the socket at once
constexpr std::size_t kMostPieces = 64;        // so that what waits on the socket stays below its buffer
constexpr std::size_t kLongestPiece = 4096;
constexpr std::size_t kAnswerCopies = 2;

/// The one place that knows how the doorway is called. It reads and writes `descriptor`, and closes it. Returns whether
/// it answered; the web server wanted to use the connection again, and nothing is left of this request on it.
bool serve(int descriptor, const std::function<Response(Incoming&)>& answer) {
    const auto outcome = fcgi_worker::fastcgi::serve(descriptor, kBodyBytes, fcgi_worker::Deadline::max(), answer);
    if (outcome != Outcome::kKept) {
        expect(outcome == Outcome::kBroken, "a connection is closed only when it is broken");
        return false;
    }
    const Descriptor kept{descriptor};
    char byte = 0;
    expect(recv(kept.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0, "the next request begins behind this one");
    return true;
}

// ---- What is expected

/// What libfcgi makes of a parameter: a C string, so that it ends at a zero byte.
std::string entry(const Fields::Field& parameter) {
    const std::string whole = parameter.first + '=' + parameter.second;
    return whole.substr(0, whole.find('\0'));
}

/// The first of that name; empty where there is none.
std::string parameter(const Fields& parameters, const std::string& name) {
    for (const auto& field : parameters) {
        if (const std::string text = entry(field); text.starts_with(name + '=')) return text.substr(name.size() + 1);
    }
    return {};
}

Fields expected_headers(const Fields& parameters) {
    Fields headers;
    if (auto type = parameter(parameters, "CONTENT_TYPE"); !type.empty()) headers.add("content-type", std::move(type));
    for (const auto& field : parameters) {
        const std::string text = entry(field);
        std::string name = text.substr(0, text.find('='));
        if (!name.starts_with("HTTP_") || name == "HTTP_CONTENT_TYPE" || name == "HTTP_CONTENT_LENGTH") continue;
        const std::string value = text.substr(std::min(text.size(), name.size() + 1));
        name.erase(0, 5);
        std::transform(name.begin(), name.end(), name.begin(), [](char c) {
            return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        headers.add(name, value);
    }
    return headers;
}

/// The Content-Length. None where it is no number.
std::optional<std::size_t> stated_length(const std::string& text) {
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{length} : std::nullopt;
}

bool is_request_id(std::string_view text) {
    return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' ||
               c == '-';
    });
}

void expect_request(const Incoming& incoming, const Fields& parameters, std::string_view body) {
    const Request& request = incoming.request;
    const std::string uri = parameter(parameters, "REQUEST_URI");
    const std::string target = uri.substr(0, uri.find('#'));
    const std::string path = target.substr(0, target.find('?'));
    const std::string query = target.substr(std::min(target.size(), path.size() + 1));
    expect(request.method == parameter(parameters, "REQUEST_METHOD"), "the method is the one sent");
    expect(request.path == path && request.query == query, "path and query are the ones sent");
    const Fields headers = expected_headers(parameters);
    expect(std::equal(headers.begin(), headers.end(), request.headers.begin(), request.headers.end()),
           "the headers are the ones sent, in their order");

    const std::string id = parameter(parameters, "REQUEST_ID");
    const std::string clients_id = parameter(parameters, "HTTP_X_REQUEST_ID");
    expect(is_request_id(request.request_id), "a request has an id");
    expect(!is_request_id(id) || request.request_id == id, "the web server's id is kept");
    expect(is_request_id(id) || !is_request_id(clients_id) || request.request_id == clients_id,
           "a client's id is kept");
    expect(request.origin.empty() == parameter(parameters, "SERVER_NAME").empty(), "a name makes an origin");

    const std::string stated = parameter(parameters, "CONTENT_LENGTH");
    const bool is_true = stated.empty() || stated_length(stated) == body.size();
    const int refusal = !is_true                                 ? 400
                        : body.size() > kBodyBytes               ? 413
                        : request.method.empty() || path.empty() ? 400
                                                                 : 0;
    expect((incoming.refusal ? incoming.refusal->status() : 0) == refusal, "what is refused is what is wrong");
    expect(request.body == body.substr(0, kBodyBytes), "the body is the one sent");
}

void expect_answer(const Answer& answer, const Request& request) {
    expect(answer.is_complete, "the answer is complete");
    std::string body;
    for (std::size_t i = 0; i < kAnswerCopies; ++i) body += request.body;
    std::string text = "Status: 200 OK\r\nX-Kept: yes\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    if (request.method != "HEAD") text += body;
    expect(answer.text == text, "the answer is what the handler gave");
}

Response answer(const Request& request) {
    Response response{200, {{"X-Kept", "yes"}}, {}};
    for (std::size_t i = 0; i < kAnswerCopies; ++i) response.body += request.body;
    return response;
}

// ---- The connection

/// Two ends whose reads end where the writes did: what libfcgi gets at once is then the input's to say.
std::array<int, 2> connected_pair() {
    std::array<int, 2> ends{};
    expect(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0, "there are sockets");
    constexpr timeval kPatience{1, 0};  // all bytes are there already: who waits has lost some
    setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    setsockopt(ends[1], SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    return ends;
}

/// There is room for it. Still it failed once on a fresh pair of sockets, why is not known; the input passed when it
/// was run again. That is no finding: it is tried for a second, and whoever sees it fail for longer names the error.
bool send_piece(int descriptor, std::string_view piece) {
    for (int tries = 0; tries < 1000; ++tries) {
        const ssize_t count = send(descriptor, piece.data(), piece.size(), MSG_DONTWAIT);
        if (count >= 0) return count == static_cast<ssize_t>(piece.size());
        if (errno != EINTR && errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return false;
}

void send_in_pieces(int descriptor, std::string_view bytes, std::string_view lengths) {
    while (!bytes.empty()) {
        const std::size_t length = lengths.empty() ? kLongestPiece : static_cast<unsigned char>(lengths[0]) + 1U;
        lengths.remove_prefix(std::min<std::size_t>(lengths.size(), 1));
        const std::string_view piece = bytes.substr(0, length);
        if (!send_piece(descriptor, piece)) {
            expect(false, "the socket has room for a request: " + std::generic_category().message(errno));
        }
        bytes.remove_prefix(piece.size());
    }
}

/// What has arrived: serve() has returned, so no more is on its way.
std::string received(int descriptor) {
    std::string bytes;
    std::array<char, 65536> chunk;
    for (;;) {
        const ssize_t count = recv(descriptor, chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (count <= 0) return bytes;
        bytes.append(chunk.data(), static_cast<std::size_t>(count));
    }
}

bool prepare() {
    std::signal(SIGPIPE, SIG_IGN);
    fcgi_worker::fastcgi::prepare();
    return true;
}

}  // namespace

void run(std::string_view input) {
    [[maybe_unused]] static const bool is_prepared = prepare();
    Framing framing;
    framing.lengths = take_line(input).substr(0, kMostPieces);
    framing.paddings = take_line(input).substr(0, kMostPieces);
    const std::string_view pieces = take_line(input).substr(0, kMostPieces);
    const std::size_t missing = stated_length(std::string{take_line(input)}).value_or(0);
    const std::size_t copies = stated_length(std::string{take_line(input)}).value_or(1);
    const Fields parameters = take_fields(input);
    std::string body;
    for (std::size_t i = 0; !input.empty() && i < copies && body.size() + input.size() <= kSentBodyBytes; ++i) {
        body += input;
    }

    std::string bytes = framed_request(parameters, body, framing);
    constexpr std::size_t kFlags = 8 + 2;  // of the first record
    bytes[kFlags] = 1;                     // the web server wants to use the connection again
    bytes.resize(bytes.size() - std::min(bytes.size(), missing));
    const auto ends = connected_pair();
    const Descriptor web_server{ends[0]};
    send_in_pieces(web_server.get(), bytes, pieces);
    if (missing > 0) shutdown(web_server.get(), SHUT_WR);

    std::optional<Request> seen;
    const bool is_answered = serve(ends[1], [&](const Incoming& incoming) {
        expect_request(incoming, parameters, body);
        seen = incoming.request;
        return answer(incoming.request);
    });

    const bool is_short = stated_length(parameter(parameters, "CONTENT_LENGTH")).value_or(0) > body.size();
    expect(seen.has_value() == (missing == 0 && !is_short), "a request is answered when it is whole, and only then");
    expect(is_answered == seen.has_value(), "what was answered is known");
    if (seen) expect_answer(parse_answer(received(web_server.get())), *seen);
}

}  // namespace fuzz
