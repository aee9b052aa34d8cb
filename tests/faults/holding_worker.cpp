/// Stands in todo-worker's place for tests of overload: the same server, pool and status, and two routes that each cost
/// one thing alone. It takes todo-worker's options, so that the stack starts it as it starts that.
///
///     GET /v1/hold   -> 200: a connection was held for 20 ms. The database is the limit: 20 connections serve 1000 a
///     second GET /v1/burn   -> 200: a thread computed for 2 ms. The processors are the limit
#include <pthread.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdint>
#include <ctime>
#include <exception>
#include <iostream>
#include <string>
#include <thread>
#include <tuple>
#include <variant>

#include "crypto.hpp"
#include "log.hpp"
#include "options.hpp"
#include "status.hpp"
#include "supervisor.hpp"

namespace {

using fcgi_worker::ListenSocket;
using fcgi_worker::Request;
using fcgi_worker::Response;
using fcgi_worker::Server;

constexpr fcgi_worker::pq::Statement kHold{"hold", "SELECT pg_sleep(0.02)"};
constexpr std::int64_t kBurnNanoseconds = 2'000'000;
constexpr std::chrono::seconds kLongestWarmUp{5};

/// Its own, and not the clock's on the wall: a thread that others take the processor from computes as much.
std::int64_t nanoseconds_of_this_thread() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

Response burn() {
    std::uint64_t hash = 1;
    for (const std::int64_t end = nanoseconds_of_this_thread() + kBurnNanoseconds;
         nanoseconds_of_this_thread() < end;) {
        for (int i = 0; i < 1000; ++i) hash = (hash ^ (hash >> 29U)) * 0xbf58476d1ce4e5b9U + 1;
    }
    return {.status = 200, .headers = {}, .body = std::to_string(hash)};  // seen outside, so it is not optimised away
}

/// As todo-worker's main.cpp: the signals that may end it, left to one thread.
sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::ignore = std::signal(SIGPIPE, SIG_IGN);
    return signals;
}

/// Half of todo-worker's connections: what the database can carry is the limit then, and not the two processors of a
/// small machine, which three times the load of twenty would keep busy with saying no. As many more threads as there.
constexpr std::size_t kConnections = 10;
constexpr std::size_t kMoreThreads = 4;

void serve(todo::Options options, const sigset_t& signals) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    todo::start_crypto();

    const auto sink = todo::make_log(options.log_level);
    const auto& log = sink.log;
    auto socket = options.listen == "inherit" ? ListenSocket::inherit(todo::supervisor::inherited_socket())
                                              : ListenSocket::open(options.listen, options.listen_options);
    options.pool.connections = kConnections;
    options.server.threads = kConnections + kMoreThreads;
    options.pool.statements = {kHold};
    fcgi_worker::pq::Pool pool{options.pool, log};
    fcgi_worker::Router router{log};
    router.add("GET", "/v1/hold", [&pool](const Request& request) {
        pool.acquire(request.budget()).execute(kHold, {});
        return Response{};
    });
    router.add("GET", "/v1/burn", [](const Request&) { return burn(); });
    Server server{std::move(socket), [&router](const Request& request) { return router.handle(request); },
                  options.server, log};
    const todo::StatusServer status{options.status,
                                    {.version = std::string(todo::version()),
                                     .threads = options.server.threads,
                                     .requests_limit = options.server.requests,
                                     .connections = options.pool.connections,
                                     .server = [&server] { return server.counts(); },
                                     .queue = [&server] { return server.queue(); },
                                     .pool = [&pool] { return pool.counts(); },
                                     .serving = [] { return true; },
                                     .combiners = [] { return todo::StatusSources::Combiners{}; },
                                     .log_lines_lost = sink.lines_lost,
                                     .requests = [] { return std::string{}; }},
                                    log};
    pool.wait_until_full(fcgi_worker::deadline_after(kLongestWarmUp));
    std::thread watch{[&] {
        int signal = 0;
        sigwait(&signals, &signal);
        server.stop();
    }};
    server.run();
    watch.join();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const sigset_t signals = block_signals();
        auto parsed = todo::parse_options(argc, argv);
        serve(std::get<todo::Options>(std::move(parsed)), signals);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "holding_worker: " << error.what() << '\n';
        return 1;
    }
}
