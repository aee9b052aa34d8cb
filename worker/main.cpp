/// todo-worker: options -> parts -> run -> exit code.
///
/// It exits 0 after TERM, INT, HUP, QUIT or USR1, when the web server has let go of its connections; 2 for a wrong
/// option; 1 where it cannot start. A database that is away is no reason to end: the worker waits for it and says so in
/// /readyz.
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>

#include "accounts/account_routes.hpp"
#include "accounts/accounts.hpp"
#include "accounts/admin.hpp"
#include "crypto.hpp"
#include "janitor.hpp"
#include "log.hpp"
#include "options.hpp"
#include "pg_store.hpp"
#include "request_metrics.hpp"
#include "routes.hpp"
#include "spread_statements.hpp"
#include "status.hpp"
#include "supervisor.hpp"

namespace {

using fcgi_worker::ListenSocket;
using fcgi_worker::LogLevel;
using fcgi_worker::Request;
using fcgi_worker::Server;
using std::chrono::milliseconds;

/// For the connections to the database, before the first request: as long as one to a machine that is busy may take.
constexpr std::chrono::seconds kLongestWarmUp{5};

/// systemd sends TERM, a terminal INT and HUP, FastCGI's supervisors USR1, and multiwatch 1.0.0 sends QUIT where it is
/// told `-s TERM`. None of them may cut an answer short.
sigset_t stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1}) sigaddset(&signals, signal);
    return signals;
}

/// Before there is a second thread: all threads inherit that these signals are blocked.
void block_signals() {
    const auto signals = stop_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::ignore = std::signal(SIGPIPE, SIG_IGN);  // A peer that has gone is an error of write(), not the end of all.
}

/// Waits for the first signal that asks the server to stop; later ones change nothing. Until then it tells the
/// supervisor that the process is alive, for as long as requests are served or a thread is free for one.
class Watch {
public:
    Watch(Server& server, std::size_t threads, std::optional<milliseconds> watchdog)
        : server_(server), threads_(threads), watchdog_(watchdog), thread_([this] { run(); }) {}
    ~Watch() {
        pthread_kill(thread_.native_handle(), SIGUSR1);  // Where none came: the server has ended by itself.
        thread_.join();
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

private:
    void run() {
        const auto signals = stop_signals();
        // Twice in the time that the supervisor waits; without one it only looks whether a signal has come.
        const auto period = std::max(watchdog_.value_or(std::chrono::hours{1}) / 2, milliseconds{1});
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(period);
        const timespec pause{seconds.count(), std::chrono::nanoseconds{period - seconds}.count()};
        while (sigtimedwait(&signals, nullptr, &pause) < 0) {
            if (watchdog_ && is_alive()) todo::supervisor::say_alive();
        }
        todo::supervisor::say_stopping();
        server_.stop();
    }

    bool is_alive() {
        const auto counts = server_.counts();
        const auto done = counts.requests + counts.broken_connections;
        return std::exchange(done_, done) != done || counts.busy_threads < threads_;
    }

    Server& server_;
    const std::size_t threads_;
    const std::optional<milliseconds> watchdog_;
    std::size_t done_ = 0;
    std::thread thread_;
};

/// Raises the limit of descriptors as far as it goes; says so where that is too little.
void raise_descriptor_limit(const todo::Options& options, const fcgi_worker::Log& log) {
    constexpr std::size_t kOthers = 32;  // Standard streams, listening sockets, epoll, the slot, resolver, probes.
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);

    const std::size_t needed = options.server.connections + options.pool.connections + kOthers;
    if (limit.rlim_cur >= needed) return;
    log({LogLevel::kWarning,
         "the limit of open files is too low for --listen-connections: lower it, or raise LimitNOFILE or ulimit -n",
         {{"limit", limit.rlim_cur}, {"needed", needed}}});
}

void serve(todo::Options options) {
    const todo::LogSink sink = todo::make_log(options.log_level);
    const fcgi_worker::Log& log = sink.log;
    raise_descriptor_limit(options, log);
    todo::start_crypto();
    if (!options.anonymous_owner && options.tokens.keys_file.empty()) {
        throw todo::OptionError(
            "nobody could sign in: give --token-keys FILE, or --anonymous-owner where everybody may do everything");
    }

    auto socket = options.listen == "inherit" ? ListenSocket::inherit(todo::supervisor::inherited_socket())
                                              : ListenSocket::open(options.listen, options.listen_options);
    const auto watchdog = todo::supervisor::watchdog_interval();
    todo::add_forms(options.pool.statements, todo::kStatements, options.store.shards);
    todo::add_forms(options.pool.statements, todo::kAccountStatements, options.store.shards);
    fcgi_worker::pq::Pool pool{options.pool, log};
    options.store.combiner.wait_timeout = options.pool.acquire_timeout;
    todo::PgStore store{pool, options.store};
    fcgi_worker::Router router{log};
    std::optional<todo::Accounts> accounts;
    if (options.anonymous_owner) {
        log({LogLevel::kWarning, "nobody signs in: whoever reaches the service may change all todos", {}});
        todo::add_everybodys_account(router, *options.anonymous_owner);
    } else {
        accounts.emplace(pool, options.tokens, options.mail, log);
        accounts->add_routes(router);
    }
    todo::add_routes(router, store, options.api,
                     accounts ? accounts->identify() : todo::always(*options.anonymous_owner));
    todo::RequestMetrics request_metrics;
    options.server.on_answer = [&](const auto& request, const auto& response, const auto& spent) {
        request_metrics.note(request, response, spent);
    };
    Server server{std::move(socket), [&router](const Request& request) { return router.handle(request); },
                  options.server, log};

    const std::size_t requests = std::max(options.server.requests, options.server.threads);  // As the server counts.
    std::atomic<bool> serving = false;
    std::optional<todo::StatusServer> status;
    if (!options.status.directory.empty()) {
        todo::StatusSources sources{.version = std::string(todo::version()),
                                    .threads = options.server.threads,
                                    .requests_limit = requests,
                                    .connections = options.pool.connections,
                                    .server = [&server] { return server.counts(); },
                                    .queue = [&server] { return server.queue(); },
                                    .pool = [&pool] { return pool.counts(); },
                                    .serving = [&serving] { return serving.load(); },
                                    .combiners = [&store] { return store.counts(); },
                                    .log_lines_lost = sink.lines_lost,
                                    .requests = [&request_metrics] { return request_metrics.text(); }};
        if (accounts) sources.accounts = [&accounts] { return accounts->counts(); };
        status.emplace(options.status, std::move(sources), log);
    }
    const todo::Janitor janitor{pool, {.shards = options.store.shards}, log};
    const Watch watch{server, options.server.threads, watchdog};

    log({LogLevel::kInfo,
         "started",
         {{"version", std::string(todo::version())},
          {"threads", options.server.threads},
          {"requests", requests},
          {"connections", options.pool.connections},
          {"slot", status ? std::to_string(status->slot()) : "none"}}});
    // Other processes that share the socket serve meanwhile. Without a database it says so to whoever asks.
    pool.wait_until_full(fcgi_worker::deadline_after(kLongestWarmUp));
    serving = true;
    todo::supervisor::say_ready();
    server.run();
    log({LogLevel::kInfo, "stopped", {{"requests", server.counts().requests}}});
}

/// `todo-worker admin ...`
int administrate(int argc, char** argv) {
    const auto parsed = todo::parse_admin_options(argc, argv);
    if (const auto* help = std::get_if<todo::HelpText>(&parsed)) {
        std::cout << help->text;
        return 0;
    }
    todo::start_crypto();
    todo::run_admin(std::get<todo::AdminOptions>(parsed), std::cout);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        block_signals();
        if (argc > 1 && std::string_view{argv[1]} == "admin") return administrate(argc - 1, argv + 1);
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
