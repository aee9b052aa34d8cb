/// How a process answers for itself: /livez, /readyz and /metrics on a unix socket of its own.
///
/// Processes that share a directory take a slot each, the lowest free number, so that a scraper finds them under
/// names that stay: status-0.sock, status-1.sock. They are served by a thread and a socket apart from those of
/// clients: however busy the process is, it says so.
///
/// Threads: each class belongs to one thread; `sources` are called from the status server's own.
/// Errors:  Slot and StatusServer throw std::runtime_error (with it std::system_error), with what to do about it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include <fcgi_worker/log.hpp>
#include <fcgi_worker/router.hpp>
#include <fcgi_worker/server.hpp>

#include "metrics.hpp"

namespace todo {

struct StatusOptions {
    std::string directory;  ///< Where slot-N.lock and status-N.sock are made; empty: there are none.
    std::size_t slots =
        64;  ///< 1..1000 processes may share the directory: twice as many as run, while they are replaced.
};

/// A number below `slots` that no other living process with the same directory has.
class Slot {
public:
    /// Takes the lowest that is free; the kernel gives it back when the process ends, however it ends.
    explicit Slot(const StatusOptions& options);
    ~Slot();
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

    [[nodiscard]] std::size_t number() const noexcept { return number_; }

private:
    std::size_t number_ = 0;
    int lock_ = -1;
};

/// GET /livez   -> 200: the process runs
/// GET /readyz  -> 200, or 503 with a problem that names what is missing: it starts, or has no connection
/// GET /metrics -> 200 in Prometheus' text format
///
/// None of them borrows a connection: a probe never stands in a client's way.
void add_status_routes(fcgi_worker::Router& router, StatusSources sources);

/// Serves them on DIRECTORY/status-SLOT.sock from its construction to its end.
class StatusServer {
public:
    StatusServer(const StatusOptions& options, StatusSources sources, const fcgi_worker::Log& log);
    ~StatusServer();
    StatusServer(const StatusServer&) = delete;
    StatusServer& operator=(const StatusServer&) = delete;

    [[nodiscard]] std::size_t slot() const noexcept { return slot_.number(); }

private:
    Slot slot_;
    fcgi_worker::Router router_;
    fcgi_worker::Server server_;
    std::thread thread_;
};

}  // namespace todo
