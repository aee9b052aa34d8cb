#include "wire.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace load {

Wire::~Wire() {
    if (fd_ < 0) return;
    const linger nothing{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &nothing, sizeof nothing);
    close(fd_);
}

int Wire::establish(const TlsContext* tls) {
    if (!tls_) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0 || tls == nullptr) return error;
        tls_ = tls->session(fd_);
    }
    const int error = tls_.handshake();
    const bool wants_http2 = tls->protocol() == Protocol::kHttp2;
    return error == 0 && tls_.has_chosen_http2() != wants_http2 ? EPROTO : error;
}

ssize_t Wire::receive(char* buffer, std::size_t size) {
    return tls_ ? tls_.receive(buffer, size) : recv(fd_, buffer, size, 0);
}

ssize_t Wire::send(std::string_view bytes) {
    return tls_ ? tls_.send(bytes) : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

}  // namespace load
