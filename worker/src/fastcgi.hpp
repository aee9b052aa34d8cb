/// The doorway to libfcgi: one connection from the web server, as a Request that comes and a Response that goes.
///
/// It knows neither threads nor handlers; who calls it decides what is answered, and when to accept.
/// libfcgi trusts its peer: a malformed record can end the process (it asserts on lengths it cannot allocate).
/// That is why a socket that it reads from is open to the web server alone.
///
/// Threads: prepare() first, from anywhere; then each connection stays with the thread that serves it.
/// Errors:  prepare() throws std::runtime_error; serve() throws std::bad_alloc, with the connection closed.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>

#include <fcgi_worker/deadline.hpp>
#include <fcgi_worker/http.hpp>
#include <fcgi_worker/problem.hpp>

namespace fcgi_worker::fastcgi {

/// A request that has arrived to its last byte.
struct Incoming {
    Request request;  ///< Without a deadline yet.

    /// When the web server got it, by its own clock. None where it did not say so.
    std::optional<std::chrono::system_clock::time_point> started;

    /// What is wrong with it, where that is plain already: no body worth the name, or one that is too long.
    std::optional<Problem> refusal;
};

enum class Outcome {
    kAnswered,
    kBroken,  ///< The peer went away, fell silent or spoke no FastCGI before it had its whole answer.
};

/// Makes libfcgi ready, once a process, and checks that it treats connections as serve() needs it to.
///
/// libfcgi takes SIGPIPE, SIGUSR1 and SIGTERM while it gets ready; they are given back before this returns. The
/// calling thread holds such a signal back meanwhile, so that a program with one thread loses none.
void prepare();

/// Reads one request from a connected descriptor, sends what `answer` makes of it, closes the descriptor.
///
/// The body is read to its end before `answer` is called, whatever becomes of it: what stays behind on a connection
/// could be read as the next request. `answer` is not called for a request that is incomplete, nor for one whose
/// client has gone. Waits end with the descriptor's own SO_RCVTIMEO and SO_SNDTIMEO, the body also at `deadline`.
/// SIGPIPE is blocked by the caller.
Outcome serve(int descriptor, std::size_t body_bytes, Deadline deadline,
              const std::function<Response(Incoming&)>& answer);

}  // namespace fcgi_worker::fastcgi
