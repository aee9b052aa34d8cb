/// The server's side of TLS on one connection, which waits in each call.
///
/// Threads: one.
/// Errors:  accepted() is false where there was no handshake; read() is empty at the end.
#pragma once

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "certificate.hpp"

namespace load {

class TlsPeer {
public:
    TlsPeer(int fd, const Certificate& own, int most, bool speaks_http2)
        : context_{SSL_CTX_new(TLS_server_method()), SSL_CTX_free} {
        SSL_CTX_set_max_proto_version(context_.get(), most);
        if (speaks_http2) SSL_CTX_set_alpn_select_cb(context_.get(), choose_http2, nullptr);
        SSL_CTX_use_certificate_file(context_.get(), own.certificate.c_str(), SSL_FILETYPE_PEM);
        SSL_CTX_use_PrivateKey_file(context_.get(), own.key.c_str(), SSL_FILETYPE_PEM);
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), fd);
        accepted_ = SSL_accept(ssl_.get()) == 1;
    }
    [[nodiscard]] bool accepted() const { return accepted_; }
    [[nodiscard]] std::string read() const {
        std::array<char, 1000> bytes{};
        const int count = SSL_read(ssl_.get(), bytes.data(), bytes.size());
        return {bytes.data(), static_cast<std::size_t>(std::max(count, 0))};
    }
    void write(std::string_view bytes) const { SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); }
    void say_goodbye() const { SSL_shutdown(ssl_.get()); }

private:
    static int choose_http2(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* length,
                            const unsigned char* offered, unsigned size, void* /*nothing*/) {
        constexpr std::string_view kOffer{"\2h2"};
        if (std::string_view{reinterpret_cast<const char*>(offered), size} != kOffer) return SSL_TLSEXT_ERR_NOACK;
        *chosen = offered + 1;
        *length = 2;
        return SSL_TLSEXT_ERR_OK;
    }

    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, SSL_free};
    bool accepted_ = false;
};

}  // namespace load
