/// One connection's bytes: over a TCP socket that does not block, in the clear or over TLS.
///
/// Threads: one.
/// Errors:  std::bad_alloc. What the connection meets is told as the system's calls tell it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string_view>
#include <utility>

#include "tls.hpp"

namespace load {

class Wire {
public:
    Wire() = default;  ///< None.
    explicit Wire(int fd) : fd_{fd} {}
    Wire(Wire&& other) noexcept : fd_{std::exchange(other.fd_, -1)}, tls_{std::move(other.tls_)} {}
    Wire& operator=(Wire&& other) noexcept {
        std::swap(fd_, other.fd_);
        std::swap(tls_, other.tls_);
        return *this;
    }
    /// Ends with a reset: without it, each closed connection would keep its source port for a minute.
    ~Wire();

    explicit operator bool() const { return fd_ >= 0; }
    [[nodiscard]] int fd() const { return fd_; }

    /// After connect(), at each event of the socket: 0 when it can be spoken on, EAGAIN when another event has to come.
    /// Another errno: it has failed, EPROTO where the other side does not speak TLS, or not this protocol over it. With
    /// a context it is TLS.
    [[nodiscard]] int establish(const TlsContext* tls);

    /// As recv(2) and send(2); EPROTO where the other side does not keep to the protocol.
    [[nodiscard]] ssize_t receive(char* buffer, std::size_t size);
    [[nodiscard]] ssize_t send(std::string_view bytes);

    /// Whether receive() may have left something that no event will come for, though it read less than it could.
    [[nodiscard]] bool reads_by_records() const { return static_cast<bool>(tls_); }

private:
    int fd_ = -1;
    TlsSession tls_;
};

}  // namespace load
