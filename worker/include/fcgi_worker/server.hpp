/// Serves FastCGI requests from a listening socket with a fixed number of threads.
///
/// A thread belongs to a request while that is worked on, and to no connection: the web server may keep as many as it
/// likes (nginx: `fastcgi_keep_conn on` and `keepalive`), an idle one costs a descriptor. A request that waits for
/// others (in Combiner::execute() or Pool::acquire()) keeps its stack and no thread, and may go on with another one:
/// what is thread_local is then that one's. One that the web server closes after each request is served in the same
/// way. The server is never the first to close a connection that is idle, for a request may be on its way: only when it
/// has been silent for idle_timeout, or when the time to drain is over.
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
///          std::system_error or std::bad_alloc where threads, descriptors or stacks cannot be had. What a handler
///          throws is logged and answered 500: a Router, which knows better answers, throws nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include <fcgi_worker/http.hpp>
#include <fcgi_worker/listen_socket.hpp>
#include <fcgi_worker/log.hpp>

/// What needs no database.
namespace fcgi_worker {

/// How many of everything, how long, and what is told of it.
struct ServerOptions {
    /// Threads that work on requests; 1..1024. A statement holds one, so there are somewhat more of them than the
    /// 20 connections to the database. Handlers that never wait are served best by one thread in as many processes as
    /// there are processors: see docs/performance.md.
    std::size_t threads = 24;

    /// Of these threads, so many are awake beside those that wait for a statement (Lease::execute()); 0..1024, 0: all.
    /// The others sleep until half of them wait. That spares switches from thread to thread, where handlers wait for
    /// nothing but the database. Other handlers may wait for each other: where all that are awake stand still, another
    /// thread is woken after a tenth of a second.
    std::size_t awake_threads = 0;

    /// Requests that are begun and not yet answered; 1..10,000; fewer than threads count as many as threads. One that
    /// waits for its turn (for a batch, for a connection to the database) keeps a stack and no thread, so there may be
    /// more of them: twice what a batch may take. Further ones wait unread.
    std::size_t requests = 128;

    /// Of the stack of each request, and so of what a handler may have on it; 64 KiB..64 MiB. Memory is only taken for
    /// what is used of it. Behind it lies a page that ends the process rather than let it write to another's memory:
    /// what is called from a handler is compiled with -fstack-clash-protection, as find_package() and pkg-config tell.
    std::size_t stack_bytes = std::size_t{256} * 1024;

    /// Longest body; one that is longer is answered 413. 1 KiB..64 MiB.
    std::size_t body_bytes = std::size_t{64} * 1024;

    /// Time from the moment the web server got the request (its REQUEST_START, in seconds with milliseconds)
    /// to the answer; 10 ms..10 min. It becomes Request::deadline; what is older on arrival is answered 503.
    std::chrono::milliseconds request_budget{5000};

    /// What is done when more requests come than can be served: a queue that has stood for queue_interval, with every
    /// thread busy and no request taken as it came, is kept as short as queue_target: what has waited for longer since
    /// its REQUEST_START is answered 503. 1 ms..10 min each. A burst that is served within the interval is
    /// no overload; the target is a tenth of what people feel as a delay.
    std::chrono::milliseconds queue_target{20};
    std::chrono::milliseconds queue_interval{250};  ///< See queue_target.

    /// Longest silence of the web server in the middle of a request or of an answer, and longest time that
    /// a whole body may take; 10 ms..10 min.
    std::chrono::milliseconds io_timeout{10000};

    /// Connections that are open at once, idle ones and those at work, give or take as many as there are threads;
    /// 1..1,000,000. As many descriptors are needed, and some more. Further ones wait in the socket's queue. 200 nginx
    /// processes that keep 16 each are 3,200.
    std::size_t connections = 8192;

    /// Longest time between two requests of a connection, and before its first; 100 ms..1 day. It is for peers that
    /// vanished without a word, so it is much longer than the web server keeps a connection (nginx's
    /// keepalive_timeout).
    std::chrono::milliseconds idle_timeout{60000};

    /// Longest time from stop() to the last connection's end; 10 ms..10 min. The web server has to let go of all
    /// connections sooner: with nginx, within keepalive_time and the longest request after it (4 s and 7 s).
    std::chrono::milliseconds drain_timeout{15000};

    /// Least level that the log is called with. A line for each request is kDebug; where that is not wanted, it is not
    /// put together either.
    LogLevel log_level = LogLevel::kDebug;

    /// Each request has a line with its id, route, status, and what it waited for. At LogLevel::kInfo: in each second
    /// the first so many, then one of so many, so that a small service logs all of them and a busy one is not busy
    /// with that. 1: all; 0: none. The others have theirs at LogLevel::kDebug.
    std::size_t log_sample = 100;
    /// What takes as long, since its REQUEST_START, always has its line, at LogLevel::kWarning; 1 ms..10 min.
    std::chrono::milliseconds slow_request{1000};

    /// Called with each answer before it is sent, also with those of the server's own; for metrics. On the thread of
    /// the request, so it ought to be quick, and must not throw.
    std::function<void(const Request&, const Response&, const TimeSpent&)> on_answer = {};
};

/// What a server did, for metrics.
struct ServerCounts {
    std::size_t busy_threads = 0;  ///< Now in a request.
    std::size_t at_work = 0;       ///< Requests that are begun and not yet answered, also those that wait.
    std::size_t requests = 0;      ///< Answered since the start.
    std::size_t shed_late = 0;     ///< Of these: answered 503 because they were older than request_budget.
    std::size_t shed_queued = 0;   ///< And because the queue stood, and they had waited longer than queue_target.
    std::size_t connections = 0;   ///< Open now.
    std::size_t accepted_connections = 0;  ///< Since the start.
    std::size_t abandoned_requests =
        0;  ///< Not read: the web server had closed the connection, for its client had gone.
    std::size_t broken_connections = 0;  ///< Ended before their request or its answer was complete.
    std::size_t accept_errors = 0;       ///< For want of descriptors or memory.
    std::size_t skewed_starts = 0;       ///< REQUEST_START in the future or over 60 s old, taken as now: clocks differ.
};

/// The threads, and the socket that they accept from.
class Server {
public:
    /// Nothing is accepted before run(). `handler` is called from any thread, at the same time.
    Server(ListenSocket socket, Handler handler, const ServerOptions& options = {}, Log log = log_nothing);
    ~Server();  ///< Closes the socket.
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Returns after stop(), when the web server has let go of the last connection, or has not within drain_timeout,
    /// and each handler that was begun has returned.
    void run();

    /// No new connection is accepted from here on. Those that are there are served until the web server closes them:
    /// whoever closes an idle connection first may do so while a request is on its way. Another process that shares the
    /// listening socket accepts meanwhile.
    void stop() noexcept;

    /// As they are now.
    [[nodiscard]] ServerCounts counts() const noexcept;

    /// The queue of the listening socket now, all processes' that share it. None where the kernel does not say.
    [[nodiscard]] std::optional<ListenQueue> queue() const;

private:
    class Service;
    std::unique_ptr<Service> service_;
};

}  // namespace fcgi_worker
