#include "client.hpp"

#include <arpa/inet.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <system_error>

#include "json.hpp"
#include "stack.hpp"

namespace api {
namespace {

constexpr time_t kPatienceSeconds = 15;

/// Of the 15 minutes that an access token lives: the others are for a database that is away when the next one is due.
constexpr std::chrono::minutes kTokenAge{10};

bool same_name(const std::string& left, const std::string& right) {
    return left.size() == right.size() && ::strcasecmp(left.c_str(), right.c_str()) == 0;
}

bool has(const Headers& headers, const std::string& name) {
    return std::any_of(headers.begin(), headers.end(),
                       [&](const auto& header) { return same_name(header.first, name); });
}

Headers as_json(Headers headers) {
    if (!has(headers, "Content-Type")) headers.emplace_back("Content-Type", "application/json");
    return headers;
}

/// Whether a body is there as long as Content-Length says. nginx keeps the connection of a refused body open for
/// seconds, to read what the client still sends.
bool is_complete(const std::string& answer) {
    const std::size_t head_end = answer.find("\r\n\r\n");
    const std::size_t length = answer.find("\r\nContent-Length: ");
    return head_end != std::string::npos && length < head_end &&
           answer.size() >= head_end + 4 + std::stoul(answer.substr(length + 18));
}

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::generic_category().message(errno));
}

template <typename Address>
const sockaddr* generic(const Address& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

sockaddr_in internet_address(const std::string& address, int port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::inet_pton(AF_INET, address.c_str(), &result.sin_addr) != 1) fail("no address: " + address);
    return result;
}

/// A socket that closes itself.
class Socket {
public:
    explicit Socket(int family) : descriptor_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { ::close(descriptor_); }

    template <typename Address>
    void bind(const Address& address) const {
        if (::bind(descriptor_, generic(address), sizeof address) != 0) fail("cannot bind");
    }
    template <typename Address>
    void connect(const Address& address) const {
        if (::connect(descriptor_, generic(address), sizeof address) != 0) fail("cannot connect");
    }

    void write(const std::string& bytes) const {
        std::size_t sent = 0;
        while (sent < bytes.size()) {
            const ssize_t count = ::send(descriptor_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (count <= 0) break;  // nginx may answer and close before it has read everything
            sent += static_cast<std::size_t>(count);
        }
    }
    /// What has come, once something has; empty where nothing will.
    [[nodiscard]] std::string read() const {
        std::array<char, 16384> buffer{};
        const ssize_t count = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
        return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
    }
    [[nodiscard]] std::string exchange(const std::string& bytes) const {
        write(bytes);
        std::string answer;
        std::string more;
        while (!is_complete(answer) && !(more = read()).empty()) answer += more;
        return answer;
    }

private:
    int descriptor_;
};

/// To nginx's first port.
std::shared_ptr<const Socket> connected(const std::string& from_address) {
    auto socket = std::make_shared<const Socket>(AF_INET);
    socket->bind(internet_address(from_address, 0));
    socket->connect(internet_address("127.0.0.1", stack::ports().front()));
    return socket;
}

/// Of answers that end where the connection does.
Answer parse(const std::string& text) {
    const std::size_t head_end = text.find("\r\n\r\n");
    if (!text.starts_with("HTTP/1.") || head_end == std::string::npos) {
        throw std::runtime_error("this is no HTTP answer: " + text.substr(0, 200));
    }
    Answer answer{.status = std::stoi(text.substr(9, 3)), .headers = {}, .body = text.substr(head_end + 4)};
    std::size_t line = text.find("\r\n") + 2;
    while (line < head_end) {
        const std::size_t line_end = text.find("\r\n", line);
        const std::size_t colon = text.find(": ", line);
        answer.headers.emplace_back(text.substr(line, colon - line), text.substr(colon + 2, line_end - colon - 2));
        line = line_end + 2;
    }
    return answer;
}

/// Nothing where nobody wants to know.
const Answer& recorded(const std::string& method, const std::string& target, const Answer& answer) {
    static const char* const file = std::getenv("TEST_ANSWERS");  // NOLINT(concurrency-mt-unsafe): nobody writes it
    if (file == nullptr) return answer;
    static std::mutex mutex;
    const std::lock_guard lock{mutex};
    if (!(std::ofstream{file, std::ios::app} << line_of(method, target, answer) << std::endl)) fail("cannot write");
    return answer;
}

/// The account that this process makes for itself.
class Somebody {
public:
    /// Signs in again long before the token ends. Meanwhile, and while that cannot be, the one that there is is good:
    /// nobody waits for the next one. With a refresh token an answer that is lost would be the end of it.
    std::string authorization() {
        std::unique_lock lock{mutex_};
        const auto now = Clock::now();
        if (token_.empty()) {
            token_ = token_of(post("/v1/accounts", credentials_));
            next_ = now + kTokenAge;
        } else if (now >= next_) {
            next_ = now + kTokenAge / 20;
            lock.unlock();
            const Answer answer = post("/v1/sessions", credentials_);
            lock.lock();
            if (answer.status == 201) {
                token_ = token_of(answer);
                next_ = now + kTokenAge;
            }
        }
        return "Bearer " + token_;
    }

private:
    using Clock = std::chrono::steady_clock;

    static std::string token_of(const Answer& answer) {
        if (answer.status != 201) throw std::runtime_error("nobody is signed in: " + answer.body.substr(0, 500));
        return text_at(answer, "/access_token");
    }

    const std::string credentials_ = R"({"email":"somebody)" +
                                     std::to_string(std::chrono::system_clock::now().time_since_epoch().count()) +
                                     R"(@example.org","password":"correct horse battery"})";
    std::mutex mutex_;
    std::string token_;
    Clock::time_point next_;
};

Somebody& somebody() {
    static Somebody somebody;
    return somebody;
}

}  // namespace

std::string authorization() { return somebody().authorization(); }

std::string Answer::header(const std::string& name) const {
    for (const auto& [field, value] : headers) {
        if (same_name(field, name)) return value;
    }
    return {};
}

bool Answer::has_header(const std::string& name) const { return has(headers, name); }

Answer send(const Call& call) {
    httplib::Client client{call.url.empty() ? stack::url() : call.url};
    client.set_url_encode(false);
    client.set_read_timeout(kPatienceSeconds);
    client.set_tcp_nodelay(true);

    httplib::Request request;
    request.method = call.method;
    request.path = call.path;
    for (const auto& [name, value] : call.headers) request.headers.emplace(name, value);
    if (call.path.starts_with("/v1/todos") && !has(call.headers, "Authorization") && !has(call.headers, "Cookie")) {
        request.headers.emplace("Authorization", authorization());
    }
    if (call.body) request.body = *call.body;

    const httplib::Result result = client.send(request);
    if (!result) {
        throw std::runtime_error(call.method + " " + call.path +
                                 " got no answer: " + httplib::to_string(result.error()));
    }
    return recorded(
        call.method, call.path,
        {.status = result->status, .headers = {result->headers.begin(), result->headers.end()}, .body = result->body});
}

Answer get(const std::string& path, const Headers& headers) { return send({"GET", path, headers, {}, {}}); }
Answer head(const std::string& path, const Headers& headers) { return send({"HEAD", path, headers, {}, {}}); }
Answer options(const std::string& path, const Headers& headers) { return send({"OPTIONS", path, headers, {}, {}}); }
Answer remove(const std::string& path, const Headers& headers) { return send({"DELETE", path, headers, {}, {}}); }

Answer post(const std::string& path, const std::string& body, const Headers& headers) {
    return send({"POST", path, as_json(headers), body, {}});
}
Answer put(const std::string& path, const std::string& body, const Headers& headers) {
    return send({"PUT", path, as_json(headers), body, {}});
}
Answer patch(const std::string& path, const std::string& body, const Headers& headers) {
    return send({"PATCH", path, as_json(headers), body, {}});
}

Answer send_raw(const std::string& bytes, const std::string& from_address) {
    // Of a request line that is none, what comes nearest to it.
    const std::size_t method_end = bytes.find(' ');
    const std::string rest = method_end == std::string::npos ? "" : bytes.substr(method_end + 1);
    return recorded(bytes.substr(0, method_end), rest.substr(0, rest.find_first_of(" \r\n")),
                    parse(connected(from_address)->exchange(bytes)));
}

std::shared_ptr<const void> begin_raw(const std::string& head, const std::string& from_address) {
    auto socket = connected(from_address);
    socket->write(head);
    const std::string answer = socket->read();
    if (!answer.starts_with("HTTP/1.1 100 ")) throw std::runtime_error("nginx wants no body: " + answer.substr(0, 200));
    return socket;
}

Answer get_private(const std::string& path) {
    const std::string path_of_socket = stack::setting("PRIVATE_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_of_socket.size() >= sizeof address.sun_path) {
        throw std::runtime_error("the path is too long: " + path_of_socket);
    }
    path_of_socket.copy(&address.sun_path[0], path_of_socket.size());
    const Socket socket{AF_UNIX};
    socket.connect(address);
    // HTTP/1.0 answers end where the connection does: no chunks to put together.
    return parse(socket.exchange("GET " + path + " HTTP/1.0\r\nHost: localhost\r\n\r\n"));
}

std::vector<Answer> at_once(std::size_t count, const std::function<Answer(std::size_t)>& request) {
    std::latch start{static_cast<std::ptrdiff_t>(count)};
    std::vector<std::future<Answer>> running;
    running.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        running.push_back(std::async(std::launch::async, [&start, &request, i] {
            start.arrive_and_wait();
            return request(i);
        }));
    }
    std::vector<Answer> answers;
    answers.reserve(count);
    for (std::future<Answer>& one : running) answers.push_back(one.get());
    return answers;
}

}  // namespace api
