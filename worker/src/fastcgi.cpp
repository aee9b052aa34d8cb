#include "fastcgi.hpp"

#include <fastcgi.h>
#include <fcgiapp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "answers.hpp"
#include "descriptor.hpp"
#include "sendable.hpp"

namespace fcgi_worker::fastcgi {
namespace {

constexpr std::size_t kChunkBytes = 8192;  // what libfcgi reads at once

/// A body as it came: its beginning, as much of it as may be kept, and its whole length.
struct Body {
    std::string text;
    std::size_t length = 0;
};

/// libfcgi's state for one request. What it does, and why it is called this way, is true of 2.4.2:
///  * FCGX_Accept_r() begins with finishing the request before, which closes the descriptor unless it is to be kept.
///  * `detached` makes libfcgi close() at once. Else it would wait, up to 2 s, for the peer to close first.
///  * Without a listening socket (-1), it gives up after a broken connection instead of accepting another.
///  * `keepConnection` becomes what the web server says of this request.
///  * Parameters that end in the middle are no error to it, only to its stream.
///  * What it has read beyond the end of a request is lost. The web server waits for the answer before it sends the
///    next, sends no two at a time on a connection, and pads no record that ends a stream; nginx is such a one.
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

    [[nodiscard]] const char* const* parameters() const { return request_.envp; }

    /// Reads to the end of the body and keeps the first `keep_bytes` of it. None where that end never comes.
    [[nodiscard]] std::optional<Body> receive_body(std::size_t keep_bytes, Deadline deadline) const {
        Body body;
        std::array<char, kChunkBytes> chunk;
        for (;;) {
            // FCGX_GetStr() waits for all that it is asked for, FCGX_GetChar() for a first byte: then the rest of what
            // is there, so that a peer that sends drop by drop meets the deadline.
            const int first = FCGX_GetChar(request_.in);
            if (FCGX_GetError(request_.in) != 0) return std::nullopt;
            if (first < 0) return body;
            chunk[0] = static_cast<char>(first);
            const auto ready = std::min<std::ptrdiff_t>(request_.in->stop - request_.in->rdNext, chunk.size() - 1);
            const auto count =
                1 + static_cast<std::size_t>(FCGX_GetStr(chunk.data() + 1, static_cast<int>(ready), request_.in));
            body.length += count;
            body.text.append(chunk.data(), std::min(count, keep_bytes - body.text.size()));
            if (Clock::now() > deadline) return std::nullopt;
        }
    }

    /// The web server closes when its client has gone: nobody waits for the answer.
    /// One that has sent more instead of waiting has left what belongs to no request: that connection is not kept.
    [[nodiscard]] bool peer_has_gone() {
        pollfd connection{request_.ipcFd, POLLIN | POLLRDHUP, 0};
        if (poll(&connection, 1, 0) <= 0) return false;
        request_.keepConnection = 0;
        return (connection.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    }

    [[nodiscard]] bool send(std::string_view head, std::string_view body) const {
        if (!put(head) || !put(body)) return false;
        FCGX_FClose(request_.err);  // first: nothing was written to it, so it costs no record
        return FCGX_FClose(request_.out) == 0;
    }

    /// Lets go of a connection that the web server wants to use again, and says so; closes it otherwise.
    [[nodiscard]] bool finish() {
        FCGX_Finish_r(&request_);
        return std::exchange(request_.ipcFd, -1) >= 0;
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

}  // namespace

Outcome serve(int descriptor, std::size_t body_bytes, Deadline deadline,
              const std::function<Response(Incoming&)>& answer) {
    Exchange exchange{descriptor};
    if (!exchange.receive()) return Outcome::kBroken;
    Incoming incoming = incoming_request(exchange.parameters());
    auto body = exchange.receive_body(body_bytes, deadline);
    if (!body) return Outcome::kBroken;

    const auto length = stated_length(exchange.parameters(), body->length);
    if (length && body->length < *length) return Outcome::kBroken;  // cut short: the client has gone
    if (!length || body->length > *length) {
        incoming.refusal = answers::bad_request("The Content-Length is not the length of the body.");
    } else if (body->length > body_bytes) {
        incoming.refusal = answers::payload_too_large(body_bytes);
    }
    incoming.request.body = std::move(body->text);
    incoming.request.client = descriptor;
    if (exchange.peer_has_gone()) return Outcome::kBroken;

    const Response response = answer(incoming);
    const bool is_head = incoming.request.method == "HEAD";
    const bool has_body = !is_head && !has_no_content(response.status);
    const bool is_sent = exchange.send(response_head(response, is_head),
                                       has_body ? std::string_view{response.body} : std::string_view{});
    if (!is_sent) return Outcome::kBroken;
    return exchange.finish() ? Outcome::kKept : Outcome::kClosed;
}

namespace {

/// A record of FastCGI, version 1, request 1: its type, and content of less than 256 bytes.
std::string record(char type, std::string_view content) {
    return std::string{1, type, 0, 1, 0, static_cast<char>(content.size()), 0, 0}.append(content);
}

/// A whole request with the parameter A=B and the body "C".
std::string small_request(char flags) {
    using namespace std::string_view_literals;
    const std::string begin{0, FCGI_RESPONDER, flags, 0, 0, 0, 0, 0};
    return record(FCGI_BEGIN_REQUEST, begin) + record(FCGI_PARAMS, "\1\1AB"sv) + record(FCGI_PARAMS, {}) +
           record(FCGI_STDIN, "C"sv) + record(FCGI_STDIN, {});
}

/// Whether the other end is, behind all that it sent.
bool is_closed(int peer) {
    std::array<char, 256> chunk;
    ssize_t count = 0;
    while ((count = recv(peer, chunk.data(), chunk.size(), MSG_DONTWAIT)) > 0) {
    }
    return count == 0;
}

/// Serves requests over a pair of sockets, to see that the fields that Exchange sets still mean what they meant: a
/// connection that the web server wants to use again stays open and is in step, another one is closed.
bool behaves_as_expected() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        throw std::system_error{errno, std::generic_category(), "cannot make a pair of sockets"};
    }
    const Descriptor peer{ends[0]};
    const timeval patience{1, 0};
    setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int understood = 0;
    const auto serve_one = [&](char flags) {
        const std::string request = small_request(flags);
        if (send(peer.get(), request.data(), request.size(), MSG_NOSIGNAL) != std::ssize(request)) {
            return Outcome::kBroken;
        }
        return serve(ends[1], 1, Deadline::max(), [&](const Incoming& incoming) {
            if (incoming.request.body == "C") ++understood;
            return Response{};
        });
    };
    const bool is_kept = serve_one(FCGI_KEEP_CONN) == Outcome::kKept && serve_one(FCGI_KEEP_CONN) == Outcome::kKept;
    return is_kept && serve_one(0) == Outcome::kClosed && understood == 3 && is_closed(peer.get());
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
