/// The web server's side of FastCGI, as little of it as the tests need, with no code shared with the library.
///
/// Errors: ADD_FAILURE() for what a test does not expect; nothing waits for longer than kPatience.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcgi_worker/http.hpp>

namespace fastcgi_client {

constexpr timeval kPatience{20, 0};

enum class Type : std::uint8_t {
    kBegin = 1,
    kAbort = 2,
    kEnd = 3,
    kParams = 4,
    kStdin = 5,
    kStdout = 6,
    kGetValues = 9
};

/// Seconds of the wall clock with milliseconds, as nginx writes $msec.
inline std::string wall_clock(std::chrono::milliseconds shift) {
    const auto now = std::chrono::system_clock::now().time_since_epoch() + shift;
    const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    const std::string fraction = std::to_string(count % 1000);
    return std::to_string(count / 1000) + '.' + std::string(3 - fraction.size(), '0') + fraction;
}

/// One record, or as many as the content needs; an empty content is one record, which ends a stream.
inline std::string records(Type type, std::string_view content) {
    constexpr std::size_t kLongest = 65535;
    std::string bytes;
    do {
        const std::string_view part = content.substr(0, kLongest);
        content.remove_prefix(part.size());
        bytes += {1,
                  static_cast<char>(type),
                  0,
                  1,
                  static_cast<char>(part.size() / 256),
                  static_cast<char>(part.size() % 256),
                  0,
                  0};
        bytes += part;
    } while (!content.empty());
    return bytes;
}

inline std::string stream(Type type, std::string_view content) {
    return content.empty() ? records(type, {}) : records(type, content) + records(type, {});
}

/// `flags`: 1 asks for the connection to be kept.
inline std::string begin(char role = 1, char flags = 0) {
    return records(Type::kBegin, std::string{0, role, flags, 0, 0, 0, 0, 0});
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

inline std::string encoded(const Parameters& parameters) {
    const auto length = [](std::size_t size) {
        if (size < 128) return std::string{static_cast<char>(size)};
        return std::string{static_cast<char>(size >> 24U | 0x80U), static_cast<char>(size >> 16U),
                           static_cast<char>(size >> 8U), static_cast<char>(size)};
    };
    std::string bytes;
    for (const auto& [name, value] : parameters) {
        bytes.append(length(name.size())).append(length(value.size())).append(name).append(value);
    }
    return bytes;
}

/// A whole request as bytes; CONTENT_LENGTH is added where there is a body and none is given.
inline std::string request(const std::string& method, const std::string& uri, const std::string& body = {},
                           Parameters more = {}) {
    Parameters parameters{{"REQUEST_METHOD", method}, {"REQUEST_URI", uri}};
    const bool has_length =
        std::any_of(more.begin(), more.end(), [](const auto& p) { return p.first == "CONTENT_LENGTH"; });
    if (!body.empty() && !has_length) parameters.emplace_back("CONTENT_LENGTH", std::to_string(body.size()));
    parameters.insert(parameters.end(), more.begin(), more.end());
    return begin() + stream(Type::kParams, encoded(parameters)) + stream(Type::kStdin, body);
}

/// The same, and the connection is to be kept for another one.
inline std::string keeping(std::string request_bytes) {
    constexpr std::size_t kFlags = 8 + 2;
    request_bytes[kFlags] = 1;
    return request_bytes;
}

/// What came back. `is_complete`: the end of the request was announced, and nothing stood behind it.
struct Answer {
    int status = 0;
    fcgi_worker::Fields headers;
    std::string body;
    bool is_complete = false;

    [[nodiscard]] std::string header(std::string_view name) const {
        return std::string{headers.find(name).value_or("(none)")};
    }
};

inline sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    return address;
}

/// Whether the queue of a listening socket has room.
inline bool can_connect(const std::string& path) {
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const sockaddr_un address = unix_address(path);
    const bool connected = connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(descriptor);
    return connected;
}

class Connection {
public:
    explicit Connection(const std::string& path) : descriptor_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        set_patience();
        const sockaddr_un address = unix_address(path);
        if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            ADD_FAILURE() << "cannot connect to " << path;
        }
    }
    /// To the TCP port that a descriptor listens on.
    explicit Connection(int listening) : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        set_patience();
        sockaddr_in address{};
        socklen_t size = sizeof address;
        if (getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
            connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
            ADD_FAILURE() << "cannot connect to the port of descriptor " << listening;
        }
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { close(descriptor_); }

    /// A server that closes early is for the test to judge, by what it answers.
    void send(std::string_view bytes) const { (void)try_send(bytes); }

    /// Whether all of it went out.
    [[nodiscard]] bool try_send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }

    /// Everything until the peer closes.
    [[nodiscard]] std::string receive() const {
        std::string bytes;
        std::array<char, 65536> chunk{};
        for (;;) {
            const ssize_t count = recv(descriptor_, chunk.data(), chunk.size(), 0);
            if (count < 0 && (errno == EAGAIN || errno == EINTR)) ADD_FAILURE() << "no answer in time";
            if (count <= 0) return bytes;
            bytes.append(chunk.data(), static_cast<std::size_t>(count));
        }
    }

    [[nodiscard]] Answer receive_answer() const;

    /// One answer, and no byte more: for a connection that is kept.
    [[nodiscard]] Answer receive_kept_answer() const;

    /// The peer sees the end.
    void close_early() const { shutdown(descriptor_, SHUT_RDWR); }

private:
    void set_patience() const {
        setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
        setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    }
    /// So many bytes, fewer where the peer closes or nothing comes in time.
    [[nodiscard]] std::string receive_exactly(std::size_t size) const {
        std::string bytes(size, '\0');
        const ssize_t count = recv(descriptor_, bytes.data(), size, MSG_WAITALL);
        if (count < 0) ADD_FAILURE() << "no answer in time";
        bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        return bytes;
    }

    int descriptor_;
};

/// "Status: 200 OK\r\nName: value\r\n\r\nbody".
inline Answer parse_answer(std::string_view text) {
    Answer answer;
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) return answer;
    answer.body = text.substr(end + 4);
    std::string_view head = text.substr(0, end + 2);
    while (!head.empty()) {
        const std::string_view line = head.substr(0, head.find("\r\n"));
        head.remove_prefix(line.size() + 2);
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos) {
            ADD_FAILURE() << "not a header: " << line;
            continue;
        }
        answer.headers.add(std::string{line.substr(0, colon)}, std::string{line.substr(colon + 2)});
    }
    const std::string status = answer.header("Status");
    std::from_chars(status.data(), status.data() + status.size(), answer.status);
    return answer;
}

inline Answer Connection::receive_answer() const {
    const std::string bytes = receive();
    std::string text;
    bool is_complete = false;
    for (std::string_view rest = bytes; rest.size() >= 8;) {
        const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(rest[i])); };
        const auto type = static_cast<Type>(byte(1));
        const std::size_t length = byte(4) * 256 + byte(5);
        if (type == Type::kStdout) text += rest.substr(8, length);
        rest.remove_prefix(std::min(rest.size(), 8 + length + byte(6)));
        is_complete = type == Type::kEnd && rest.empty();
    }
    Answer answer = parse_answer(text);
    answer.is_complete = is_complete;
    return answer;
}

inline Answer Connection::receive_kept_answer() const {
    std::string text;
    for (;;) {
        const std::string head = receive_exactly(8);
        if (head.size() < 8) return {};
        const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(head[i])); };
        const std::size_t length = byte(4) * 256 + byte(5);
        const std::string content = receive_exactly(length + byte(6)).substr(0, length);
        if (static_cast<Type>(byte(1)) == Type::kStdout) text += content;
        if (static_cast<Type>(byte(1)) == Type::kEnd) break;
    }
    Answer answer = parse_answer(text);
    answer.is_complete = true;
    return answer;
}

/// One request on a connection of its own.
inline Answer ask(const std::string& path, std::string_view request_bytes) {
    Connection connection{path};
    connection.send(request_bytes);
    return connection.receive_answer();
}

/// GET on a connection that is kept, and the body of the answer.
inline std::string ask_again(const Connection& connection, const std::string& path) {
    connection.send(keeping(request("GET", path)));
    return connection.receive_kept_answer().body;
}

}  // namespace fastcgi_client
