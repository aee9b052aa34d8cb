#include "tls.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <span>
#include <stdexcept>

namespace load {
namespace {

// As ALPN has them (RFC 7301), each after its length.
constexpr std::array<unsigned char, 9> kHttp1{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr std::array<unsigned char, 3> kHttp2{2, 'h', '2'};

/// errno for what a call on a session has returned, when it was no success. 0: the other side has ended it.
int error_of(const SSL* ssl, int returned) {
    switch (SSL_get_error(ssl, returned)) {
        case SSL_ERROR_ZERO_RETURN:
            return 0;
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return EAGAIN;
        case SSL_ERROR_SYSCALL:
            return errno == 0 ? ECONNRESET : errno;
        default:
            return EPROTO;
    }
}

}  // namespace

TlsContext::TlsContext(const std::string& authorities, const std::string& address, Protocol protocol)
    : context_{SSL_CTX_new(TLS_client_method())}, protocol_{protocol} {
    if (!context_) throw std::bad_alloc{};
    SSL_CTX* const context = context_.get();
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    // Memory that is only wanted while something is on its way is given back.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    // Connections are cut, on both sides, without a last word.
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    // 0 is its success, unlike the others'.
    const std::span<const unsigned char> offered =
        protocol == Protocol::kHttp2 ? std::span<const unsigned char>{kHttp2} : kHttp1;
    if (SSL_CTX_set_alpn_protos(context, offered.data(), static_cast<unsigned>(offered.size())) != 0)
        throw std::bad_alloc{};
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_load_verify_file(context, authorities.c_str()) != 1) {
        throw std::runtime_error("the file " + authorities + " has no certificates: it has to be PEM");
    }
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(context), address.c_str()) != 1) {
        throw std::runtime_error(address + " is no address that a certificate could be for");
    }
}

TlsSession::TlsSession(SSL_CTX* context, int fd) : ssl_{SSL_new(context)} {
    if (!ssl_ || SSL_set_fd(ssl_.get(), fd) != 1) throw std::bad_alloc{};
    SSL_set_connect_state(ssl_.get());
}

int TlsSession::handshake() {
    ERR_clear_error();
    errno = 0;
    const int returned = SSL_do_handshake(ssl_.get());
    if (returned == 1) return 0;
    const int error = error_of(ssl_.get(), returned);
    return error == 0 || error == EPIPE ? ECONNRESET : error;
}

bool TlsSession::has_chosen_http2() const {
    const unsigned char* name = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &length);
    return std::equal(kHttp2.begin() + 1, kHttp2.end(), name, name + length);
}

ssize_t TlsSession::receive(char* buffer, std::size_t size) {
    ERR_clear_error();
    errno = 0;
    std::size_t count = 0;
    const int returned = SSL_read_ex(ssl_.get(), buffer, size, &count);
    if (returned == 1) return static_cast<ssize_t>(count);
    errno = error_of(ssl_.get(), returned);
    return errno == 0 ? 0 : -1;
}

ssize_t TlsSession::send(std::string_view bytes) {
    ERR_clear_error();
    errno = 0;
    std::size_t count = 0;
    const int returned = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count);
    if (returned == 1) return static_cast<ssize_t>(count);
    errno = error_of(ssl_.get(), returned);
    if (errno == 0) errno = EPIPE;
    return -1;
}

}  // namespace load
