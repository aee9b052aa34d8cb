#include "status.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace todo {
namespace {

using fcgi_worker::Problem;
using fcgi_worker::Request;
using fcgi_worker::Response;

Response plain_text(std::string body) {
    return Response{.status = 200, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}, .body = std::move(body)};
}

Response readiness(const StatusSources& sources) {
    const auto pool = sources.pool();
    const std::size_t open = pool.busy + pool.idle;
    if (!sources.serving()) {
        throw Problem(503, "starting", "The process is starting",
                      "It takes no requests yet: " + std::to_string(open) + " of " +
                          std::to_string(sources.connections) + " connections to PostgreSQL are open.");
    }
    if (open > 0) return plain_text("ok\n");
    throw Problem(503, "database-away", "The database is away",
                  "None of " + std::to_string(sources.connections) + " connections to PostgreSQL is open; " +
                      std::to_string(pool.failed_attempts) + " attempts to open one have failed.");
}

Response metrics(const StatusSources& sources) {
    return Response{.status = 200,
                    .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
                    .body = metrics_text(sources)};
}

/// A probe is never too old to be answered, nor a line in the log; and one that stalls holds the only thread for a
/// second at most.
fcgi_worker::ServerOptions server_options() {
    fcgi_worker::ServerOptions options;
    options.threads = options.requests = 1;
    options.request_budget = options.queue_target = options.slow_request = std::chrono::minutes{10};
    options.io_timeout = std::chrono::seconds{1};
    options.log_sample = 0;
    return options;
}

/// A descriptor that holds the lock, or -1 where another process has it.
int try_lock(const std::string& path) {
    const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
        throw std::system_error(errno, std::generic_category(), "--status-dir: cannot open " + path);
    }
    if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
    const int error = errno;
    ::close(lock);
    if (error == EWOULDBLOCK) return -1;
    throw std::system_error(error, std::generic_category(), "--status-dir: cannot lock " + path);
}

}  // namespace

Slot::Slot(const StatusOptions& options) {
    for (; number_ < options.slots; ++number_) {
        lock_ = try_lock(options.directory + "/slot-" + std::to_string(number_) + ".lock");
        if (lock_ >= 0) return;
    }
    throw std::runtime_error("--slots: all " + std::to_string(options.slots) + " slots in " + options.directory +
                             " are taken; end a process or raise it");
}

/// The file stays: were it removed, two processes could hold locks on two files of that name.
Slot::~Slot() { ::close(lock_); }

void add_status_routes(fcgi_worker::Router& router, StatusSources sources) {
    router.add("GET", "/livez", [](const Request&) { return plain_text("ok\n"); });
    router.add("GET", "/readyz", [sources](const Request&) { return readiness(sources); });
    router.add("GET", "/metrics", [sources = std::move(sources)](const Request&) { return metrics(sources); });
}

StatusServer::StatusServer(const StatusOptions& options, StatusSources sources, const fcgi_worker::Log& log)
    : slot_(options),
      router_(log),
      server_(
          fcgi_worker::ListenSocket::open("unix:" + options.directory + "/status-" + std::to_string(slot_.number()) +
                                          ".sock"),
          [this](const Request& request) { return router_.handle(request); }, server_options(), log) {
    add_status_routes(router_, std::move(sources));
    thread_ = std::thread([this, log] {
        try {
            server_.run();
        } catch (const std::exception& error) {
            log({fcgi_worker::LogLevel::kError, "the status server ended", {{"cause", error.what()}}});
        }
    });
}

StatusServer::~StatusServer() {
    server_.stop();
    thread_.join();
}

}  // namespace todo
