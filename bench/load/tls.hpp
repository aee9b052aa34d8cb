/// TLS 1.3 as a browser speaks it, over sockets that do not block. A context for all users, and a session for each
/// connection, which keeps no buffers while nothing is on its way.
///
/// Threads: a context is only read once it is made; a session belongs to one thread.
/// Errors:  the context's constructor throws std::runtime_error. What a session meets is told as recv(2) tells it.
#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace load {

class TlsSession {
public:
    TlsSession() = default;  ///< None: what is said on this connection is said in the clear.
    TlsSession(SSL_CTX* context, int fd);

    explicit operator bool() const { return ssl_ != nullptr; }

    /// 0 when it is done. EAGAIN: to be called again at the socket's next event. Another errno: it has failed.
    [[nodiscard]] int handshake();

    /// After the handshake: whether the server said that it speaks HTTP/2. Who says nothing speaks HTTP/1.1.
    [[nodiscard]] bool has_chosen_http2() const;

    /// As recv(2) and send(2); EPROTO where the other side does not keep to the protocol.
    [[nodiscard]] ssize_t receive(char* buffer, std::size_t size);
    [[nodiscard]] ssize_t send(std::string_view bytes);

private:
    struct Free {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };
    std::unique_ptr<SSL, Free> ssl_;
};

/// What is spoken over TLS.
enum class Protocol { kHttp1, kHttp2 };

class TlsContext {
public:
    /// `authorities`: a PEM file with the certificates of whoever may vouch for the service at `address`. Only
    /// `protocol` is offered; a server that does not know it may fail in the handshake, or speak another.
    TlsContext(const std::string& authorities, const std::string& address, Protocol protocol = Protocol::kHttp1);

    [[nodiscard]] TlsSession session(int fd) const { return {context_.get(), fd}; }
    [[nodiscard]] Protocol protocol() const { return protocol_; }

private:
    struct Free {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    std::unique_ptr<SSL_CTX, Free> context_;
    Protocol protocol_;
};

}  // namespace load
