/// The socket that a server accepts from: inherited, or opened here.
///
/// Threads: a value that owns a descriptor; move it where it is used.
/// Errors:  std::system_error with what was tried, std::invalid_argument for an address of no known form.
#pragma once

#include <string>
#include <string_view>

namespace fcgi_worker {

struct ListenOptions {
    /// Connections that wait in the kernel until somebody accepts them; 1..65535, cut by net.core.somaxconn.
    /// nginx answers 502 at once when a unix socket's queue is full, so it is as long as the kernel's default allows.
    int backlog = 4096;
    unsigned mode = 0660;  ///< Permissions of a unix socket: whoever can connect can send FastCGI records.
};

class ListenSocket {
public:
    /// Takes over a listening descriptor, for example 0 from spawn-fcgi, multiwatch or systemd.
    /// Makes it non-blocking, leaves its backlog as it is.
    [[nodiscard]] static ListenSocket inherit(int descriptor);

    /// `unix:/path`. A stale socket file is replaced; one that somebody listens on is an error.
    [[nodiscard]] static ListenSocket open(std::string_view address, const ListenOptions& options = {});

    ListenSocket(ListenSocket&& other) noexcept;
    ListenSocket& operator=(ListenSocket&& other) noexcept;
    ~ListenSocket();

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

private:
    ListenSocket(int descriptor, std::string path) noexcept;

    int descriptor_;
    std::string path_;  ///< Removed when the socket is closed; empty where it was inherited.
};

}  // namespace fcgi_worker
