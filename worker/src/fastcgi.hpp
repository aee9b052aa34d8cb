/// The doorway to libfcgi: one request from a connection of the web server, and its answer back.
///
/// It knows neither threads nor handlers; who calls it decides what is answered, and when to read from a connection.
/// libfcgi trusts its peer: a malformed record can end the process (it asserts on lengths it cannot allocate).
/// That is why a socket that it reads from is open to the web server alone.
///
/// Threads: prepare() first, from anywhere; then each connection stays with the thread that serves it.
/// Errors:  prepare() throws std::runtime_error; serve() throws what `answer` does and std::bad_alloc, with the
///          connection closed.
#pragma once

#include <cstddef>
#include <functional>

#include <fcgi_worker/deadline.hpp>
#include <fcgi_worker/http.hpp>

#include "message.hpp"

namespace fcgi_worker::fastcgi {

enum class Outcome {
    kKept,    ///< Answered, and the descriptor is still open: the web server wants to use it again.
    kClosed,  ///< Answered; the web server wanted no more.
    kBroken,  ///< The peer went away, fell silent or spoke no FastCGI before it had its whole answer. Closed.
};

/// Makes libfcgi ready, once a process, and checks that it treats connections as serve() needs it to.
///
/// libfcgi takes SIGPIPE, SIGUSR1 and SIGTERM while it gets ready; they are given back before this returns. The
/// calling thread holds such a signal back meanwhile, so that a program with one thread loses none.
void prepare();

/// Reads one request from a connected descriptor and sends what `answer` makes of it.
///
/// The body is read to its end before `answer` is called, whatever becomes of it: what stays behind on a connection
/// could be read as the next request. `answer` is not called for a request that is incomplete, nor for one whose
/// client has gone. Waits end with the descriptor's own SO_RCVTIMEO and SO_SNDTIMEO, the body also at `deadline`.
/// SIGPIPE is blocked by the caller.
Outcome serve(int descriptor, std::size_t body_bytes, Deadline deadline,
              const std::function<Response(Incoming&)>& answer);

}  // namespace fcgi_worker::fastcgi
