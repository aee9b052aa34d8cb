/// A gate in front of the real PostgreSQL: a unix socket that passes everything on, and can be shut.
///
/// Shut, it is what a client sees of a server that is stopped: each connection ends, and no new one is made.
/// It writes down the types of the messages that go to the server, so that a test can count round trips.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace fcgi_worker::pq {

class Gate {
public:
    /// `server` is the socket of the real one.
    explicit Gate(std::string server) : server_{std::move(server)} {
        std::string pattern = std::filesystem::temp_directory_path() / "gate-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error{"cannot make a folder " + pattern};
        }
        directory_ = pattern;
        open();
    }

    ~Gate() {
        if (listener_ >= 0) {
            shut();
        }
        std::filesystem::remove_all(directory_);
    }
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

    /// The `host` of a connection string that goes through the gate.
    [[nodiscard]] const std::string& directory() const { return directory_; }

    void open() {
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_un address = address_of(socket_path());
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener_, SOMAXCONN) != 0) {
            throw std::runtime_error{"cannot listen on " + socket_path()};
        }
        acceptor_ = std::thread{[this] { accept_all(); }};
    }

    /// Returns when every connection is cut.
    void shut() {
        ::unlink(socket_path().c_str());
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        ::close(std::exchange(listener_, -1));
        for (Pipe& pipe : pipes_) {
            ::shutdown(pipe.client, SHUT_RDWR);
            ::shutdown(pipe.server, SHUT_RDWR);
        }
        for (Pipe& pipe : pipes_) {
            pipe.thread.join();
        }
        pipes_.clear();
    }

    /// The types of all messages to the server since the last forget(): a letter each, as in the manual's
    /// "Message Formats". P Parse, B Bind, D Describe, E Execute, Q Query; S Sync ends a round trip.
    [[nodiscard]] std::string sent() const {
        const std::lock_guard lock{mutex_};
        return sent_;
    }
    void forget() {
        const std::lock_guard lock{mutex_};
        sent_.clear();
    }

private:
    struct Pipe {
        int client;
        int server;
        std::string unread;     ///< The beginning of a message.
        bool started = false;   ///< The first message of a connection has no type.
        bool finished = false;  ///< The thread is at its end.
        std::thread thread;
    };

    [[nodiscard]] std::string socket_path() const { return directory_ + "/.s.PGSQL.5432"; }

    static sockaddr_un address_of(const std::string& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
        return address;
    }

    void accept_all() {
        for (int client = -1; (client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
            const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            const sockaddr_un address = address_of(server_);
            if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
                ::close(server);
                ::close(client);
                continue;
            }
            Pipe& pipe = pipes_.emplace_back();
            pipe.client = client;
            pipe.server = server;
            pipe.thread = std::thread{[this, &pipe] { pass_on(pipe); }};
        }
    }

    void pass_on(Pipe& pipe) {
        std::array<pollfd, 2> ends{{{pipe.client, POLLIN, 0}, {pipe.server, POLLIN, 0}}};
        bool more = true;
        while (more && ::poll(ends.data(), ends.size(), -1) > 0) {
            if (ends[0].revents != 0) {
                more = copy(pipe.client, pipe.server, [&](std::string_view bytes) { note(pipe, bytes); });
            }
            if (more && ends[1].revents != 0) {
                more = copy(pipe.server, pipe.client, [](std::string_view) {});
            }
        }
        ::shutdown(pipe.client, SHUT_RDWR);
        ::shutdown(pipe.server, SHUT_RDWR);
    }

    template <typename Look>
    static bool copy(int from, int to, Look look) {
        std::array<char, 65536> buffer;
        const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
        if (got <= 0) {
            return false;
        }
        const std::string_view bytes{buffer.data(), static_cast<std::size_t>(got)};
        look(bytes);
        for (std::size_t done = 0; done < bytes.size();) {
            const ssize_t put = ::send(to, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
            if (put < 0) {
                return false;
            }
            done += static_cast<std::size_t>(put);
        }
        return true;
    }

    void note(Pipe& pipe, std::string_view bytes) {
        pipe.unread += bytes;
        const std::lock_guard lock{mutex_};
        for (;;) {
            const std::size_t type_bytes = pipe.started ? 1 : 0;
            if (pipe.unread.size() < type_bytes + 4) {
                return;
            }
            std::size_t length = 0;
            for (std::size_t i = 0; i < 4; ++i) {
                length = length * 256 + static_cast<unsigned char>(pipe.unread[type_bytes + i]);
            }
            if (pipe.unread.size() < type_bytes + length) {
                return;
            }
            sent_.append(pipe.unread, 0, type_bytes);
            pipe.unread.erase(0, type_bytes + length);
            pipe.started = true;
        }
    }

    const std::string server_;
    std::string directory_;
    int listener_ = -1;
    std::thread acceptor_;
    std::list<Pipe> pipes_;  ///< The acceptor's, and afterwards that of who shuts the gate.
    mutable std::mutex mutex_;
    std::string sent_;
};

}  // namespace fcgi_worker::pq
