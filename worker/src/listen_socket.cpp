#include <fcgi_worker/listen_socket.hpp>

#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "descriptor.hpp"

namespace fcgi_worker {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kUnixPrefix = "unix:";

constexpr std::chrono::milliseconds kBetweenLooks{5};
constexpr int kMostLooks = 400;  // 2 s; who locks a folder to open a socket does so for less than a millisecond

[[noreturn]] void fail(int error, const std::string& what) {
    throw std::system_error{error, std::generic_category(), what};
}

[[noreturn]] void refuse(std::string_view address) {
    throw std::invalid_argument{"cannot listen on \"" + std::string{address} +
                                "\": an address is unix:/ and the path of a socket, or host:port"};
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

/// Keeps others from the folder of a socket while one process finds a stale socket there and puts its own in the place:
/// two at once would both find it stale, and one would remove what the other has just opened. The lock ends with the
/// descriptor. Where the folder cannot be read, nobody can lock it, and there is none.
Descriptor lock_folder_of(const std::string& path) {
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    Descriptor locked{open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (locked.get() < 0) {
        if (errno == EACCES) return locked;
        fail(errno, "cannot listen on " + path);
    }
    for (int looks = 0; flock(locked.get(), LOCK_EX | LOCK_NB) != 0; ++looks) {
        if (errno != EWOULDBLOCK && errno != EINTR) fail(errno, "cannot lock " + folder);
        if (looks == kMostLooks) {
            fail(EBUSY, std::string{"cannot listen on "}.append(path).append(": another process holds a lock on ") +
                            folder + "; see lslocks");
        }
        std::this_thread::sleep_for(kBetweenLooks);
    }
    return locked;
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

/// The number of a group of that name.
gid_t group_number(const std::string& name) {
    std::vector<char> text(std::size_t{64} * 1024);  // as many members as a group may well have
    group entry{};
    group* found = nullptr;
    const int error = getgrnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
    if (found == nullptr) fail(error != 0 ? error : ENOENT, "cannot find the group \"" + name + "\" for a socket");
    return found->gr_gid;
}

/// bind() gives the file the socket's own mode, cut by the umask. So it is never wider than asked for, not even for a
/// moment, and the umask, which is the whole process's, stays as it is; chmod() then gives back what was cut. Until the
/// file has its group, that group has no right.
Descriptor listen_on_unix(const std::string& path, const ListenOptions& options) {
    const sockaddr_un name = unix_address(path);
    const bool has_group = !options.group.empty();
    const gid_t group = has_group ? group_number(options.group) : gid_t{};
    const Descriptor lock = lock_folder_of(path);
    remove_stale(path, name);

    Descriptor made = new_socket(path);
    const mode_t mode_at_first = has_group ? options.mode & ~mode_t{0070} : options.mode;
    if (fchmod(made.get(), mode_at_first) != 0) fail(errno, "cannot set the mode of a socket");
    if (bind(made.get(), general(name), sizeof name) != 0) fail(errno, "cannot listen on " + path);
    try {
        if (has_group && chown(path.c_str(), static_cast<uid_t>(-1), group) != 0) {
            fail(errno, "cannot give " + path + " to the group " + options.group +
                            ": the process has to be root or in that group");
        }
        if (chmod(path.c_str(), options.mode) != 0) fail(errno, "cannot set the mode of " + path);
        if (listen(made.get(), options.backlog) != 0) fail(errno, "cannot listen on " + path);
    } catch (...) {
        unlink(path.c_str());
        throw;
    }
    return made;
}

Descriptor listen_on_host(const std::string& host, const std::string& port, const ListenOptions& options) {
    const std::string shown = host + ':' + port;
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* results = nullptr;
    if (const int error = getaddrinfo(host.c_str(), port.c_str(), &wanted, &results); error != 0) {
        fail(error == EAI_SYSTEM ? errno : EADDRNOTAVAIL, "cannot listen on " + shown + ": " + gai_strerror(error));
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> first{results, &freeaddrinfo};

    int error = 0;
    for (const addrinfo* place = first.get(); place != nullptr; place = place->ai_next) {
        Descriptor listening{socket(place->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
        const int on = 1;  // connections of a process before this one may still be on their way out
        if (listening.get() >= 0 && setsockopt(listening.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
            bind(listening.get(), place->ai_addr, place->ai_addrlen) == 0 &&
            listen(listening.get(), options.backlog) == 0) {
            return listening;
        }
        error = errno;  // A name may have addresses that this machine has not: ::1 of localhost without IPv6.
    }
    fail(error, "cannot listen on " + shown);
}

/// "[::1]:9000" -> "::1", "9000"
std::pair<std::string, std::string> parse_host_and_port(std::string_view address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string_view::npos) refuse(address);
    std::string_view host = address.substr(0, colon);
    const std::string_view port = address.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        refuse(address);
    }
    if (host.empty() || port.empty() || address.find_first_of("/\0"sv) != std::string_view::npos) refuse(address);
    return {std::string{host}, std::string{port}};
}

bool listens(int descriptor) {
    const auto has = [&](int option, int wanted) {
        int value = 0;
        socklen_t size = sizeof value;
        return getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
    };
    return has(SO_TYPE, SOCK_STREAM) && has(SO_ACCEPTCONN, 1);
}

}  // namespace

ListenSocket::ListenSocket(int descriptor, Origin origin, std::string path) noexcept
    : descriptor_(descriptor), origin_(origin), path_(std::move(path)) {
    struct stat status {};
    if (!path_.empty() && lstat(path_.c_str(), &status) == 0) inode_ = status.st_ino;
}

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      origin_(other.origin_),
      path_(std::exchange(other.path_, {})),
      inode_(other.inode_) {}

ListenSocket& ListenSocket::operator=(ListenSocket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(origin_, other.origin_);
    std::swap(path_, other.path_);
    std::swap(inode_, other.inode_);
    return *this;
}

ListenSocket::~ListenSocket() {
    remove_file();
    if (descriptor_ >= 0) close(descriptor_);
}

void ListenSocket::stop_listening() noexcept {
    if (origin_ == Origin::kInherited || descriptor_ < 0) return;
    remove_file();
    shutdown(descriptor_, SHUT_RDWR);
}

/// Its number is nobody else's while the socket is open.
void ListenSocket::remove_file() noexcept {
    struct stat status {};
    if (!path_.empty() && lstat(path_.c_str(), &status) == 0 && status.st_ino == inode_) unlink(path_.c_str());
    path_.clear();
}

ListenSocket ListenSocket::inherit(int descriptor) {
    if (!listens(descriptor)) {
        fail(EINVAL, "descriptor " + std::to_string(descriptor) +
                         " is not a listening stream socket; start the program under one that passes it one"
                         " (systemd, spawn-fcgi, multiwatch) or give it an address");
    }
    const int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
        fail(errno, "cannot make descriptor " + std::to_string(descriptor) + " non-blocking");
    }
    return ListenSocket{descriptor, Origin::kInherited, {}};
}

ListenSocket ListenSocket::open(std::string_view address, const ListenOptions& options) {
    if (options.backlog < 1 || options.backlog > 65535) throw std::invalid_argument{"backlog is outside 1..65535"};
    if (options.mode > 0777) throw std::invalid_argument{"mode is outside 0..0777"};
    if (!address.starts_with(kUnixPrefix)) {
        const auto [host, port] = parse_host_and_port(address);
        return ListenSocket{listen_on_host(host, port, options).release(), Origin::kOpened, {}};
    }
    const std::string path{address.substr(kUnixPrefix.size())};
    if (!path.starts_with('/') || path.find('\0') != std::string::npos) refuse(address);
    return ListenSocket{listen_on_unix(path, options).release(), Origin::kOpened, path};
}

}  // namespace fcgi_worker
