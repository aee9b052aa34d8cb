/// The socket that a server accepts from: inherited, or opened here.
///
/// Threads: a value that owns a descriptor; move it where it is used.
/// Errors:  std::system_error with what was tried, std::invalid_argument for an address of no known form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fcgi_worker {

/// Of a socket that is opened here.
struct ListenOptions {
    /// Connections that wait in the kernel until somebody accepts them; 1..65535, cut by net.core.somaxconn.
    /// nginx answers 502 at once when a unix socket's queue is full, so it is as long as the kernel's default allows.
    int backlog = 4096;

    /// Permissions and group of a unix socket; 0..0777, and a name, or empty for the process's own. Whoever can connect
    /// can send FastCGI records, which libfcgi trusts: nobody but the web server should.
    unsigned mode = 0660;
    std::string group = {};  ///< See mode.
};

/// Connections that nobody has accepted yet.
struct ListenQueue {
    std::size_t waiting = 0;  ///< Now.
    std::size_t limit = 0;  ///< As it came to be: the backlog, cut by net.core.somaxconn. A connection more is refused.
};

/// One descriptor, open and listening.
class ListenSocket {
public:
    /// Takes over a listening descriptor: 0 from spawn-fcgi and multiwatch, 3 from systemd (LISTEN_FDS).
    /// Makes it non-blocking, leaves its backlog as it is.
    [[nodiscard]] static ListenSocket inherit(int descriptor);

    /// `unix:/path`, or `host:port` with a name or a number for either ([::1]:9000). A stale socket file is replaced;
    /// one that somebody listens on is an error. An address must be one that only the web server reaches.
    [[nodiscard]] static ListenSocket open(std::string_view address, const ListenOptions& options = {});

    ListenSocket(ListenSocket&& other) noexcept;             ///< The other one has none afterwards.
    ListenSocket& operator=(ListenSocket&& other) noexcept;  ///< They change places.
    ~ListenSocket();  ///< Closes it, and removes the file that open() made, where that is there still.

    /// For poll() and the like; it stays the socket's.
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    /// Whether other processes may accept from it too.
    [[nodiscard]] bool is_inherited() const noexcept { return origin_ == Origin::kInherited; }

    /// What the kernel says of its queue. None where it does not: a socket that is no longer listening, or a kernel
    /// without diagnostics for unix sockets (CONFIG_UNIX_DIAG).
    [[nodiscard]] std::optional<ListenQueue> queue() const;

    /// Who connects from here on is refused at once, instead of waiting for nobody, and the address is free for another
    /// process. An inherited socket is other processes' too: it stays as it is.
    void stop_listening() noexcept;

private:
    enum class Origin { kInherited, kOpened };
    ListenSocket(int descriptor, Origin origin, std::string path) noexcept;
    void remove_file() noexcept;

    int descriptor_;
    Origin origin_;
    std::string path_;         ///< Removed when the socket is closed; empty where it was inherited.
    std::uint64_t inode_ = 0;  ///< Of the file there, to tell it from one that another process has put in its place.
};

}  // namespace fcgi_worker
