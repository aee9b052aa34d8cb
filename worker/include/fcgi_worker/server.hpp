/// Serves FastCGI requests from a listening socket with a fixed number of threads.
///
///     Server server{ListenSocket::inherit(0), [&](const Request& r) { return router.handle(r); }, options, log};
///     std::thread runner{[&] { server.run(); }};
///     ...
///     server.stop();
///     runner.join();
///
/// It installs no signal handler (those of the program are as they were), reads no environment and
/// never exits. Several servers may live in one process, and several processes may share a socket.
/// The handler's threads have all signals blocked, so the program's own threads get them.
///
/// Threads: run() from one thread, once; stop() from any thread, at any time, also before run(), any number
///          of times. It is destroyed when run() has returned.
/// Errors:  the constructor throws std::invalid_argument for an option outside its range; it and run() throw
///          std::system_error where threads or descriptors cannot be had. What a handler throws is logged and
///          answered 500: a Router, which knows better answers, throws nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include <fcgi_worker/http.hpp>
#include <fcgi_worker/listen_socket.hpp>
#include <fcgi_worker/log.hpp>

namespace fcgi_worker {

struct ServerOptions {
    /// Requests that are worked on at the same time; 1..1024. A request waits for the database most of its
    /// time, so it is somewhat more than the 20 connections that they share.
    std::size_t threads = 24;

    /// Longest body; one that is longer is answered 413. 1 KiB..64 MiB.
    std::size_t body_bytes = std::size_t{64} * 1024;

    /// Time from the moment the web server got the request (its REQUEST_START, in seconds with milliseconds)
    /// to the answer; 10 ms..10 min. It becomes Request::deadline; what is older on arrival is answered 503.
    std::chrono::milliseconds request_budget{5000};

    /// Longest silence of the web server in the middle of a request or of an answer, and longest time that
    /// a whole body may take; 10 ms..10 min.
    std::chrono::milliseconds io_timeout{10000};
};

/// What a server did, for metrics.
struct ServerCounts {
    std::size_t busy_threads = 0;        ///< Now in a request.
    std::size_t requests = 0;            ///< Answered since the start.
    std::size_t shed_requests = 0;       ///< Of these: answered 503 because they were too old on arrival.
    std::size_t broken_connections = 0;  ///< Ended before their request or its answer was complete.
    std::size_t accept_errors = 0;       ///< For want of descriptors or memory.
    std::size_t skewed_starts = 0;       ///< REQUEST_START in the future or over 60 s old, taken as now: clocks differ.
};

class Server {
public:
    Server(ListenSocket socket, Handler handler, const ServerOptions& options = {}, Log log = log_nothing);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Returns after stop(), when each request that was begun has its answer.
    void run();

    /// No new connection is accepted from here on.
    void stop() noexcept;

    [[nodiscard]] ServerCounts counts() const noexcept;

private:
    class Loop;
    std::unique_ptr<Loop> loop_;
};

}  // namespace fcgi_worker
