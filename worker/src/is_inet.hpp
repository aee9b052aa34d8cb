/// Whether a socket speaks TCP, or is one of this machine's own.
///
/// Threads: a function without state.
/// Errors:  none; what is no socket speaks no TCP.
#pragma once

#include <sys/socket.h>

namespace fcgi_worker {

inline bool is_inet(int descriptor) {
    int domain = AF_UNIX;
    socklen_t size = sizeof domain;
    getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    return domain != AF_UNIX;
}

}  // namespace fcgi_worker
