/// bench-loop: one small service, by libfcgi's own loop or by fcgi_worker's. Its listening socket is descriptor 0.
///
/// It ends with TERM. `ours` answers what it has begun; `stock` has no way to do that, and is cut short.
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <fcgi_worker/server.hpp>

#include "handler.hpp"
#include "stock.hpp"

namespace {

using fcgi_worker::ListenSocket;
using fcgi_worker::Server;
using fcgi_worker::pq::Pool;

struct Options {
    std::string loop;
    std::size_t threads = 24;
    std::string dsn;
};

std::unique_ptr<Pool> open_pool(const std::string& dsn) {
    if (dsn.empty()) return nullptr;
    fcgi_worker::pq::PoolOptions options;
    options.dsn = dsn;
    options.statements = {bench::kList};
    // A pause of the machine must not become a 503 in the middle of a comparison.
    options.acquire_timeout = std::chrono::seconds{3};
    return std::make_unique<Pool>(std::move(options));
}

/// Connections that wait or are kept cost a descriptor each.
void raise_descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void wait_for_term(const sigset_t& signals) {
    int signal = 0;
    sigwait(&signals, &signal);
}

void serve(const Options& options) {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before there is a second thread
    raise_descriptor_limit();

    const std::unique_ptr<Pool> pool = open_pool(options.dsn);
    const auto handler = bench::make_handler(pool.get());
    if (options.loop == "stock") {
        bench::serve_stock(handler, options.threads);
        wait_for_term(signals);
        _exit(0);  // its threads still use the pool
    }

    fcgi_worker::ServerOptions server_options;
    server_options.threads = options.threads;
    server_options.log_level = fcgi_worker::LogLevel::kInfo;  // as the service has it
    Server server{ListenSocket::inherit(0), handler, server_options};
    std::thread stopper{[&] {
        wait_for_term(signals);
        server.stop();
    }};
    server.run();
    stopper.join();
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"Serves /hello and /slow from the listening socket that is descriptor 0"};
    app.add_option("--loop", options.loop, "whose accept loop")->required()->check(CLI::IsMember({"stock", "ours"}));
    app.add_option("--threads", options.threads, "requests at a time, 1..1024")->check(CLI::Range(1, 1024));
    app.add_option("--database", options.dsn, "libpq connection string; /hello reads ten todos from there");
    try {
        app.parse(argc, argv);
        serve(options);
        return 0;
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    } catch (const std::exception& error) {
        std::cerr << "bench-loop: " << error.what() << '\n';
        return 1;
    }
}
