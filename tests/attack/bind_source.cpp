/// Loaded into a program that cannot choose its own address (LD_PRELOAD): each connect() over IPv4 comes from
/// BIND_SOURCE.
///
/// Errors: connect() fails as bind() did; EINVAL where BIND_SOURCE is no IPv4 address.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>

extern "C" int connect(int descriptor, const sockaddr* to, socklen_t length) {
    if (to->sa_family == AF_INET) {
        sockaddr_in from{};
        from.sin_family = AF_INET;
        const char* address = std::getenv("BIND_SOURCE");
        if (address == nullptr || ::inet_pton(AF_INET, address, &from.sin_addr) != 1) {
            errno = EINVAL;
            return -1;
        }
        // The port is left to connect(), which can give one that another connection of this address has to elsewhere.
        const int on = 1;
        ::setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) return -1;
    }
    static const auto next = reinterpret_cast<decltype(&::connect)>(::dlsym(RTLD_NEXT, "connect"));
    return next(descriptor, to, length);
}
