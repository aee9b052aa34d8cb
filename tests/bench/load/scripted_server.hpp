/// The service that a crowd asks, as the test wants it to be: one thread, so that who stands still in one answer stands
/// still for everybody.
///
/// Threads: what the test hands over is called in the server's thread, one request after the other.
/// Errors:  std::system_error when there is no port.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "listener.hpp"

namespace load {

/// The connection that a request came on, and what can be done with it. It stays as long as the server.
struct Peer {
    int fd = -1;
    std::uint32_t user = 0;  ///< Whose token the request has: see token_of().
    std::uint32_t nth = 0;   ///< The request among all, 0 the first.
    bool is_deletion = false;

    void send(std::string_view bytes, int flags = 0) const {
        // What is asked for here fits into the socket's buffer.
        (void)!::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | flags);
    }
    /// In good form: the other side reads the end.
    void close() const { shutdown(fd, SHUT_RDWR); }
    /// Says that nothing more will come, and goes on reading.
    void say_no_more() const { shutdown(fd, SHUT_WR); }
    /// To the unspecified address: the kernel resets a connection so, and the descriptor stays the server's.
    void reset() const {
        sockaddr nowhere{};
        nowhere.sa_family = AF_UNSPEC;
        (void)connect(fd, &nowhere, sizeof nowhere);
    }
};

/// Tokens have eight characters: the user's number.
inline std::string token_of(std::uint32_t user) {
    const std::string digits = std::to_string(user);
    return std::string(8 - digits.size(), '0') + digits;
}

class ScriptedServer {
public:
    using Script = std::function<void(const Peer&)>;

    /// `on_connect` is called when a connection is there: its peer has no user yet.
    explicit ScriptedServer(
        Script on_request, Script on_connect = [](const Peer&) {})
        : on_request_{std::move(on_request)}, on_connect_{std::move(on_connect)}, thread_{[this] { serve(); }} {}
    ~ScriptedServer() {
        ends_ = true;
        shutdown(listener_.fd(), SHUT_RDWR);  // wakes the thread
        thread_.join();
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return listener_.port(); }

private:
    void serve() {
        while (!ends_) {
            std::vector<pollfd> waiting{{listener_.fd(), POLLIN, 0}};
            for (const auto& [fd, text] : unread_) waiting.push_back({fd, POLLIN, 0});
            poll(waiting.data(), waiting.size(), -1);
            for (const pollfd& one : waiting) {
                if (one.revents == 0 || ends_) continue;
                if (one.fd == listener_.fd()) {
                    accept_one();
                } else {
                    read_from(one.fd);
                }
            }
        }
        for (const auto& [fd, text] : unread_) ::close(fd);
    }

    void accept_one() {
        const int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) return;
        unread_[fd];
        Peer peer;
        peer.fd = fd;
        on_connect_(peer);
    }

    void read_from(int fd) {
        std::array<char, 4096> bytes{};
        const ssize_t count = recv(fd, bytes.data(), bytes.size(), 0);
        if (count <= 0) {
            unread_.erase(fd);
            ::close(fd);
            return;
        }
        std::string& text = unread_[fd].append(bytes.data(), static_cast<std::size_t>(count));
        if (!text.ends_with("\r\n\r\n")) return;  // the rest of it follows; none that is asked here has a body
        constexpr std::string_view kBeforeToken = "Bearer ";
        const std::string token = text.substr(text.find(kBeforeToken) + kBeforeToken.size(), 8);
        const bool is_deletion = text.starts_with("DELETE ");
        text.clear();
        on_request_({fd, static_cast<std::uint32_t>(std::strtoul(token.c_str(), nullptr, 10)), nth_++, is_deletion});
    }

    Listener listener_;
    Script on_request_, on_connect_;
    std::uint32_t nth_ = 0;
    std::map<int, std::string> unread_;  ///< What has come of a request, of each connection.
    std::atomic<bool> ends_ = false;
    std::thread thread_;  // last: begins when all else is there
};

}  // namespace load
