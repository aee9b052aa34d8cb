#include "fastcgi.hpp"

#include <fastcgi.h>
#include <fcgiapp.h>
#include <poll.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <mutex>
#include <stdexcept>
#include <system_error>

#include "answers.hpp"
#include "descriptor.hpp"

namespace fcgi_worker::fastcgi {
namespace {

constexpr std::size_t kChunkBytes = 8192;  // what libfcgi reads at once

/// A body as it came: its beginning, as much of it as may be kept, and its whole length.
struct Body {
    std::string text;
    std::size_t length = 0;
};

/// libfcgi's state for one connection. What it does, and why it is called this way, is true of 2.4.2:
///  * FCGX_Accept_r() begins with finishing the request before, which closes the descriptor unless it is to be kept.
///  * `detached` makes libfcgi close() at once. Else it would wait, up to 2 s, for the peer to close first.
///  * Without a listening socket (-1), it gives up after a broken connection instead of accepting another.
///  * Parameters that end in the middle are no error to it, only to its stream.
class Exchange {
public:
    explicit Exchange(int descriptor) {
        FCGX_InitRequest(&request_, -1, 0);
        request_.ipcFd = descriptor;
        request_.keepConnection = 1;
        request_.detached = 1;
    }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange() { FCGX_Free(&request_, 1); }

    /// Reads up to the end of the parameters.
    [[nodiscard]] bool receive() {
        return FCGX_Accept_r(&request_) == 0 && FCGX_GetError(request_.in) == 0 && request_.role == FCGI_RESPONDER;
    }

    [[nodiscard]] FCGX_ParamArray parameters() const { return request_.envp; }

    /// Empty where it is absent: FastCGI makes no difference.
    [[nodiscard]] std::string_view parameter(const char* name) const {
        const char* value = FCGX_GetParam(name, request_.envp);
        return value == nullptr ? std::string_view{} : value;
    }

    /// Reads to the end of the body and keeps the first `keep_bytes` of it. None where that end never comes.
    [[nodiscard]] std::optional<Body> receive_body(std::size_t keep_bytes, Deadline deadline) const {
        Body body;
        std::array<char, kChunkBytes> chunk;
        for (;;) {
            const auto count =
                static_cast<std::size_t>(FCGX_GetStr(chunk.data(), static_cast<int>(chunk.size()), request_.in));
            body.length += count;
            body.text.append(chunk.data(), std::min(count, keep_bytes - body.text.size()));
            if (FCGX_GetError(request_.in) != 0) return std::nullopt;
            if (count < chunk.size()) return body;
            if (Clock::now() > deadline) return std::nullopt;
        }
    }

    /// The web server closes when its client has gone: nobody waits for the answer.
    [[nodiscard]] bool peer_has_gone() const {
        pollfd connection{request_.ipcFd, POLLRDHUP, 0};
        return poll(&connection, 1, 0) > 0;
    }

    [[nodiscard]] bool send(std::string_view head, std::string_view body) const {
        if (!put(head) || !put(body)) return false;
        FCGX_FClose(request_.err);  // first: nothing was written to it, so it costs no record
        return FCGX_FClose(request_.out) == 0;
    }

    /// For prepare(): finishes the way that keeps the connection, and says whether it was kept.
    [[nodiscard]] bool finish_and_keep() {
        FCGX_Finish_r(&request_);
        return request_.ipcFd >= 0;
    }

private:
    [[nodiscard]] bool put(std::string_view text) const {
        constexpr std::size_t kMost = std::size_t{1} << 20U;  // libfcgi counts with int
        for (; !text.empty(); text.remove_prefix(std::min(text.size(), kMost))) {
            if (FCGX_PutStr(text.data(), static_cast<int>(std::min(text.size(), kMost)), request_.out) < 0) {
                return false;
            }
        }
        return true;
    }

    FCGX_Request request_{};
};

// ---- From parameters to a request

/// Fit for a header, a log line and a URL.
bool is_request_id(std::string_view text) {
    constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return !text.empty() && text.size() <= 128 && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::string random_request_id() {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::array<unsigned char, 16> bytes{};
    // It cannot fail for so few bytes; if it did, the id would be a poor one, and the request as good as before.
    [[maybe_unused]] const int failed = getentropy(bytes.data(), bytes.size());
    std::string id;
    for (const unsigned char byte : bytes) {
        id += kHex[byte / 16U];
        id += kHex[byte % 16U];
    }
    return id;
}

std::string request_id(const Exchange& exchange) {
    for (const char* name : {"REQUEST_ID", "HTTP_X_REQUEST_ID"}) {
        if (const std::string_view id = exchange.parameter(name); is_request_id(id)) return std::string{id};
    }
    return random_request_id();
}

/// "HTTP_IF_MATCH" -> "if-match".
std::string header_name(std::string_view parameter_name) {
    std::string name{parameter_name.substr(std::string_view{"HTTP_"}.size())};
    for (char& c : name) {
        if (c == '_') c = '-';
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return name;
}

Fields headers(const Exchange& exchange) {
    Fields headers;
    if (const auto type = exchange.parameter("CONTENT_TYPE"); !type.empty()) {
        headers.add("content-type", std::string{type});
    }
    for (char** entry = exchange.parameters(); *entry != nullptr; ++entry) {
        const std::string_view parameter{*entry};
        const std::string_view name = parameter.substr(0, parameter.find('='));
        // What tells of the body came as CONTENT_TYPE and CONTENT_LENGTH, which the web server has looked at.
        if (!name.starts_with("HTTP_") || name == "HTTP_CONTENT_TYPE" || name == "HTTP_CONTENT_LENGTH") continue;
        headers.add(header_name(name), std::string{parameter.substr(std::min(parameter.size(), name.size() + 1))});
    }
    return headers;
}

/// "http://localhost:8080"; the port that a scheme stands for is left out. Empty where the web server says no name.
std::string origin(const Exchange& exchange) {
    const std::string_view name = exchange.parameter("SERVER_NAME");
    if (name.empty()) return {};
    const std::string_view given_scheme = exchange.parameter("REQUEST_SCHEME");
    const std::string_view scheme = given_scheme.empty() ? "http" : given_scheme;
    const std::string_view port = exchange.parameter("SERVER_PORT");
    const bool is_default = port.empty() || port == (scheme == "https" ? "443" : "80");

    std::string origin{scheme};
    origin.append("://").append(name);
    if (!is_default) origin.append(":").append(port);
    return origin;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view digits) {
    Number number{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits.starts_with('-')) return std::nullopt;
    return number;
}

/// nginx's $msec: "1700000000.123".
std::optional<std::chrono::system_clock::time_point> parse_start(std::string_view text) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || text.size() - dot != 4 || dot > 11) return std::nullopt;
    const auto seconds = parse_number<std::int64_t>(text.substr(0, dot));
    const auto milliseconds = parse_number<std::int64_t>(text.substr(dot + 1));
    if (!seconds || !milliseconds) return std::nullopt;
    return std::chrono::system_clock::time_point{std::chrono::seconds{*seconds} +
                                                 std::chrono::milliseconds{*milliseconds}};
}

Incoming incoming_request(const Exchange& exchange) {
    Incoming incoming;
    Request& request = incoming.request;
    request.method = exchange.parameter("REQUEST_METHOD");
    std::string_view uri = exchange.parameter("REQUEST_URI");
    uri = uri.substr(0, uri.find('#'));
    request.path = uri.substr(0, uri.find('?'));
    request.query = uri.substr(std::min(uri.size(), request.path.size() + 1));
    request.headers = headers(exchange);
    request.origin = origin(exchange);
    request.request_id = request_id(exchange);
    incoming.started = parse_start(exchange.parameter("REQUEST_START"));
    if (request.method.empty() || request.path.empty()) {
        incoming.refusal = answers::bad_request("The request has no method or no path.");
    }
    return incoming;
}

// ---- From a response to text

std::string_view reason(int status) {
    constexpr std::array<std::pair<int, std::string_view>, 27> kReasons{{
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Payload Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    }};
    const auto found = std::find_if(kReasons.begin(), kReasons.end(), [&](const auto& r) { return r.first == status; });
    return found == kReasons.end() ? "Other" : found->second;
}

/// Status and headers with the empty line that ends them. `is_head`: the router says how long GET's body is.
std::string response_head(const Response& response, bool is_head) {
    const bool has_no_length = response.status == 204 || response.status == 304;
    const auto stated_length = is_head ? response.headers.find("Content-Length") : std::nullopt;
    std::string head = "Status: " + std::to_string(response.status) + ' ';
    head.append(reason(response.status)).append("\r\n");
    for (const auto& [name, value] : response.headers) {
        if (strcasecmp(name.c_str(), "Content-Length") == 0 || strcasecmp(name.c_str(), "Status") == 0) continue;
        head.append(name).append(": ").append(value).append("\r\n");
    }
    if (!has_no_length) {
        head += "Content-Length: ";
        head += stated_length ? std::string{*stated_length} : std::to_string(response.body.size());
        head += "\r\n";
    }
    return head + "\r\n";
}

}  // namespace

Outcome serve(int descriptor, std::size_t body_bytes, Deadline deadline,
              const std::function<Response(Incoming&)>& answer) {
    Exchange exchange{descriptor};
    if (!exchange.receive()) return Outcome::kBroken;
    Incoming incoming = incoming_request(exchange);
    auto body = exchange.receive_body(body_bytes, deadline);
    if (!body) return Outcome::kBroken;

    const std::string_view stated = exchange.parameter("CONTENT_LENGTH");
    const auto length = stated.empty() ? std::optional{body->length} : parse_number<std::size_t>(stated);
    if (length && body->length < *length) return Outcome::kBroken;  // cut short: the client has gone
    if (!length || body->length > *length) {
        incoming.refusal = answers::bad_request("The Content-Length is not the length of the body.");
    } else if (body->length > body_bytes) {
        incoming.refusal = answers::payload_too_large(body_bytes);
    }
    incoming.request.body = std::move(body->text);
    if (exchange.peer_has_gone()) return Outcome::kBroken;

    const Response response = answer(incoming);
    const bool is_head = incoming.request.method == "HEAD";
    const bool has_body = !is_head && response.status != 204 && response.status != 304;
    const bool is_sent = exchange.send(response_head(response, is_head),
                                       has_body ? std::string_view{response.body} : std::string_view{});
    return is_sent ? Outcome::kAnswered : Outcome::kBroken;
}

namespace {

/// Serves one request over a pair of sockets, to see that the fields that Exchange sets still mean what they meant.
bool behaves_as_expected() {
    constexpr std::array<unsigned char, 44> kRequest{1,
                                                     FCGI_BEGIN_REQUEST,
                                                     0,
                                                     1,
                                                     0,
                                                     8,
                                                     0,
                                                     0,
                                                     0,
                                                     FCGI_RESPONDER,
                                                     FCGI_KEEP_CONN,
                                                     0,
                                                     0,
                                                     0,
                                                     0,
                                                     0,  //
                                                     1,
                                                     FCGI_PARAMS,
                                                     0,
                                                     1,
                                                     0,
                                                     4,
                                                     0,
                                                     0,
                                                     1,
                                                     1,
                                                     'A',
                                                     'B',  //
                                                     1,
                                                     FCGI_PARAMS,
                                                     0,
                                                     1,
                                                     0,
                                                     0,
                                                     0,
                                                     0,  //
                                                     1,
                                                     FCGI_STDIN,
                                                     0,
                                                     1,
                                                     0,
                                                     0,
                                                     0,
                                                     0};
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        throw std::system_error{errno, std::generic_category(), "cannot make a pair of sockets"};
    }
    const Descriptor peer{ends[0]};
    Exchange exchange{ends[1]};
    // With its end announced, no read from the pair can wait.
    return send(peer.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) == ssize_t{kRequest.size()} &&
           shutdown(peer.get(), SHUT_WR) == 0 && exchange.receive() && exchange.parameter("A") == "B" &&
           exchange.receive_body(0, Deadline::max()) && exchange.finish_and_keep();
}

/// Gives the signals that libfcgi takes back to whom they belonged.
class SignalKeeper {
public:
    SignalKeeper() {
        sigset_t taken;
        sigemptyset(&taken);
        for (auto& [number, action] : actions_) {
            sigaddset(&taken, number);
            sigaction(number, nullptr, &action);
        }
        pthread_sigmask(SIG_BLOCK, &taken, &mask_);
    }
    SignalKeeper(const SignalKeeper&) = delete;
    SignalKeeper& operator=(const SignalKeeper&) = delete;
    ~SignalKeeper() {
        for (const auto& [number, action] : actions_) sigaction(number, &action, nullptr);
        pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    }

private:
    std::array<std::pair<int, struct sigaction>, 3> actions_{{{SIGPIPE, {}}, {SIGUSR1, {}}, {SIGTERM, {}}}};
    sigset_t mask_{};
};

}  // namespace

void prepare() {
    static std::once_flag once;
    std::call_once(once, [] {
        const SignalKeeper keeper;
        if (FCGX_Init() != 0) throw std::runtime_error{"libfcgi cannot be initialised"};
        if (!behaves_as_expected()) {
            throw std::runtime_error{"this libfcgi does not serve a connection it is handed; build with 2.4.2"};
        }
    });
}

}  // namespace fcgi_worker::fastcgi
