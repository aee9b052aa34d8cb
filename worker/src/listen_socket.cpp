#include <fcgi_worker/listen_socket.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "descriptor.hpp"

namespace fcgi_worker {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

[[noreturn]] void fail(int error, const std::string& what) {
    throw std::system_error{error, std::generic_category(), what};
}

/// The path of `unix:/path`.
std::string parse_unix_path(std::string_view address) {
    const bool is_unix = address.starts_with(kUnixPrefix) && address.substr(kUnixPrefix.size()).starts_with('/');
    if (!is_unix || address.find('\0') != std::string_view::npos) {
        throw std::invalid_argument{"cannot listen on \"" + std::string{address} +
                                    "\": an address is unix:/ and the path of a socket"};
    }
    return std::string{address.substr(kUnixPrefix.size())};
}

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path) {
        fail(ENAMETOOLONG, "cannot listen on " + path + ": it has " + std::to_string(path.size()) +
                               " bytes, the path of a socket may have " + std::to_string(sizeof address.sun_path - 1));
    }
    address.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), std::begin(address.sun_path));
    return address;
}

/// The sockets interface takes any address as the general one.
const sockaddr* general(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

Descriptor new_socket(const std::string& path) {
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail(errno, "cannot make a socket for " + path);
    return Descriptor{descriptor};
}

/// Removes the socket file that a process left when it died. Never a file of another kind, never a living socket.
void remove_stale(const std::string& path, const sockaddr_un& address) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) return;
        fail(errno, "cannot look at " + path);
    }
    if (!S_ISSOCK(status.st_mode)) fail(EEXIST, "cannot listen on " + path + ": there is a file that is no socket");

    const Descriptor probe = new_socket(path);
    const int error = connect(probe.get(), general(address), sizeof address) == 0 ? 0 : errno;
    if (error == 0 || error == EAGAIN) {  // EAGAIN: its queue is full, so somebody listens
        fail(EADDRINUSE, "cannot listen on " + path + ": another process does; stop it or choose another path");
    }
    if (error != ECONNREFUSED) fail(error, "cannot find out whether somebody listens on " + path);
    if (unlink(path.c_str()) != 0 && errno != ENOENT) fail(errno, "cannot remove the stale socket " + path);
}

int socket_option(int descriptor, int option) {
    int value = 0;
    socklen_t size = sizeof value;
    if (getsockopt(descriptor, SOL_SOCKET, option, &value, &size) != 0) {
        fail(errno, "cannot accept connections from descriptor " + std::to_string(descriptor));
    }
    return value;
}

}  // namespace

ListenSocket::ListenSocket(int descriptor, std::string path) noexcept
    : descriptor_(descriptor), path_(std::move(path)) {}

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::exchange(other.path_, {})) {}

ListenSocket& ListenSocket::operator=(ListenSocket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(path_, other.path_);
    return *this;
}

ListenSocket::~ListenSocket() {
    if (!path_.empty()) unlink(path_.c_str());
    if (descriptor_ >= 0) close(descriptor_);
}

ListenSocket ListenSocket::inherit(int descriptor) {
    if (socket_option(descriptor, SO_TYPE) != SOCK_STREAM || socket_option(descriptor, SO_ACCEPTCONN) == 0) {
        fail(EINVAL, "descriptor " + std::to_string(descriptor) +
                         " is not a listening stream socket; start the program under one that passes it one"
                         " (systemd, spawn-fcgi, multiwatch) or give it an address");
    }
    const int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
        fail(errno, "cannot make descriptor " + std::to_string(descriptor) + " non-blocking");
    }
    return ListenSocket{descriptor, {}};
}

ListenSocket ListenSocket::open(std::string_view address, const ListenOptions& options) {
    const std::string path = parse_unix_path(address);
    const sockaddr_un name = unix_address(path);
    if (options.backlog < 1 || options.backlog > 65535) throw std::invalid_argument{"backlog is outside 1..65535"};
    if (options.mode > 0777) throw std::invalid_argument{"mode is outside 0..0777"};
    remove_stale(path, name);

    // bind() gives the file the socket's own mode, cut by the umask. So it is never wider than asked for, not even
    // for a moment, and the umask, which is the whole process's, stays as it is; chmod() then gives back what was cut.
    Descriptor made = new_socket(path);
    if (fchmod(made.get(), options.mode) != 0) fail(errno, "cannot set the mode of a socket");
    if (bind(made.get(), general(name), sizeof name) != 0) fail(errno, "cannot listen on " + path);
    ListenSocket listening{made.release(), path};
    if (chmod(path.c_str(), options.mode) != 0) fail(errno, "cannot set the mode of " + path);
    if (listen(listening.descriptor(), options.backlog) != 0) fail(errno, "cannot listen on " + path);
    return listening;
}

}  // namespace fcgi_worker
