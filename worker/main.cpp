/// todo-worker: options -> parts -> run -> exit code.
///
/// It exits 0 after TERM, INT, HUP, QUIT or USR1, when each request that was begun has its answer; 2 for a wrong
/// option; 1 where it cannot start. A database that is away is no reason to end: the worker waits for it and says so in
/// /readyz.
#include <pthread.h>
#include <sys/resource.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>

#include "crypto.hpp"
#include "janitor.hpp"
#include "log.hpp"
#include "options.hpp"
#include "pg_store.hpp"
#include "routes.hpp"
#include "statements.hpp"
#include "status.hpp"

namespace {

using fcgi_worker::ListenSocket;
using fcgi_worker::LogLevel;
using fcgi_worker::Request;
using fcgi_worker::Server;

/// Stops the server at the first signal that asks for it; later ones change nothing.
class StopOnSignal {
public:
    /// Before there is a second thread: all threads inherit that these signals are blocked.
    static void block_signals() {
        const auto signals = stop_signals();
        pthread_sigmask(SIG_BLOCK, &signals, nullptr);
        std::ignore =
            std::signal(SIGPIPE, SIG_IGN);  // A peer that has gone is an error of write(), not the end of the process.
    }

    explicit StopOnSignal(Server& server)
        : thread_([&server] {
              const auto signals = stop_signals();
              int signal = 0;
              sigwait(&signals, &signal);
              server.stop();
          }) {}

    ~StopOnSignal() {
        pthread_kill(thread_.native_handle(), SIGUSR1);  // Where none came: the server has ended by itself.
        thread_.join();
    }
    StopOnSignal(const StopOnSignal&) = delete;
    StopOnSignal& operator=(const StopOnSignal&) = delete;

private:
    /// systemd sends TERM, a terminal INT and HUP, FastCGI's supervisors USR1, and multiwatch 1.0.0 sends QUIT where
    /// it is told `-s TERM`. None of them may cut an answer short.
    static sigset_t stop_signals() {
        sigset_t signals;
        sigemptyset(&signals);
        for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1}) sigaddset(&signals, signal);
        return signals;
    }

    std::thread thread_;
};

/// Raises the limit of descriptors as far as it goes; says so where that is too little.
void raise_descriptor_limit(const todo::Options& options, const fcgi_worker::Log& log) {
    constexpr std::size_t kOthers = 32;  // Standard streams, listening sockets, epoll, the slot, resolver, probes.
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    const std::size_t needed = options.server.threads + options.pool.connections + kOthers;
    if (limit.rlim_cur >= needed) return;
    log({LogLevel::kWarning,
         "the limit of open files is too low for --threads and --connections: raise LimitNOFILE or ulimit -n",
         {{"limit", std::to_string(limit.rlim_cur)}, {"needed", std::to_string(needed)}}});
}

void serve(todo::Options options) {
    const auto log = todo::make_log(options.log_level);
    raise_descriptor_limit(options, log);
    todo::start_crypto();

    auto socket = options.listen == "inherit" ? ListenSocket::inherit(0) : ListenSocket::open(options.listen);
    options.pool.statements.assign(todo::kStatements.begin(), todo::kStatements.end());
    fcgi_worker::pq::Pool pool{options.pool, log};
    todo::PgStore store{pool, options.max_todos};
    fcgi_worker::Router router{log};
    todo::add_routes(router, store, options.api);
    Server server{std::move(socket), [&router](const Request& request) { return router.handle(request); },
                  options.server, log};

    std::optional<todo::StatusServer> status;
    if (!options.status.directory.empty()) {
        status.emplace(options.status,
                       todo::StatusSources{.version = std::string(todo::version()),
                                           .threads = options.server.threads,
                                           .connections = options.pool.connections,
                                           .server = [&server] { return server.counts(); },
                                           .pool = [&pool] { return pool.counts(); }},
                       log);
    }
    const todo::Janitor janitor{pool, {}, log};
    const StopOnSignal stop{server};

    log({LogLevel::kInfo,
         "started",
         {{"version", std::string(todo::version())},
          {"threads", std::to_string(options.server.threads)},
          {"connections", std::to_string(options.pool.connections)},
          {"slot", status ? std::to_string(status->slot()) : "none"}}});
    server.run();
    log({LogLevel::kInfo, "stopped", {{"requests", std::to_string(server.counts().requests)}}});
}

}  // namespace

int main(int argc, char** argv) {
    try {
        StopOnSignal::block_signals();
        auto parsed = todo::parse_options(argc, argv);
        if (const auto* help = std::get_if<todo::HelpText>(&parsed)) {
            std::cout << help->text;
            return 0;
        }
        serve(std::get<todo::Options>(std::move(parsed)));
        return 0;
    } catch (const todo::OptionError& error) {
        std::cerr << "todo-worker: " << error.what() << "; see todo-worker --help\n";
        return 2;
    } catch (const std::exception& error) {
        std::cerr << "todo-worker: " << error.what() << '\n';
        return 1;
    }
}
