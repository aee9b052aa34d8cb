/// A TCP port of 127.0.0.1 that the test has for itself.
///
/// Errors: std::system_error when there is none.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace load {

inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

/// A socket that is bound, and nobody listens. Port 0: one that is free.
class BoundSocket {
public:
    explicit BoundSocket(std::uint16_t port = 0) {
        const sockaddr_in wanted = loopback(port);
        if (fd_ < 0 || bind(fd_, reinterpret_cast<const sockaddr*>(&wanted), sizeof wanted) != 0) {
            throw std::system_error(errno, std::generic_category(), "a port for the test");
        }
    }
    ~BoundSocket() { close(fd_); }
    BoundSocket(const BoundSocket&) = delete;
    BoundSocket& operator=(const BoundSocket&) = delete;

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] std::uint16_t port() const {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        return ntohs(address.sin_port);
    }

private:
    int fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

/// The same, and the kernel takes connections on it.
class Listener : public BoundSocket {
public:
    explicit Listener(int waiting = SOMAXCONN) { listen(fd(), waiting); }
};

/// Listens, but has no room for one more connection: what asks for one gets no answer.
class FullListener : public Listener {
public:
    FullListener() : Listener{0} {
        const sockaddr_in server = loopback(port());
        if (connect(only_one_, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
            throw std::system_error(errno, std::generic_category(), "the connection that fills the queue");
        }
    }
    ~FullListener() { close(only_one_); }
    FullListener(const FullListener&) = delete;
    FullListener& operator=(const FullListener&) = delete;

private:
    int only_one_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

}  // namespace load
