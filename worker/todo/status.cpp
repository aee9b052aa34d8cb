#include "status.hpp"

#include <fcntl.h>
#include <prometheus/text_serializer.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <initializer_list>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace todo {
namespace {

using fcgi_worker::Problem;
using fcgi_worker::Request;
using fcgi_worker::Response;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

Response plain_text(std::string body) {
    return Response{.status = 200, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}, .body = std::move(body)};
}

Response readiness(const StatusSources& sources) {
    const auto pool = sources.pool();
    if (pool.busy + pool.idle > 0) return plain_text("ok\n");
    throw Problem(503, "database-away", "The database is away",
                  "None of " + std::to_string(sources.connections) + " connections to PostgreSQL is open; " +
                      std::to_string(pool.failed_attempts) + " attempts to open one have failed.");
}

/// One value of a metric, told from its others by a label where there is one.
struct Sample {
    std::size_t value;
    std::vector<ClientMetric::Label> labels = {};
};

/// Collects the metrics of one scrape.
class Scrape {
public:
    void gauge(const char* name, const char* help, std::initializer_list<Sample> samples) {
        add(MetricType::Gauge, name, help, samples);
    }
    void counter(const char* name, const char* help, std::initializer_list<Sample> samples) {
        add(MetricType::Counter, name, help, samples);
    }

    [[nodiscard]] std::string text() const {
        std::ostringstream out;
        prometheus::TextSerializer{}.Serialize(out, families_);
        return out.str();
    }

private:
    void add(MetricType type, const char* name, const char* help, std::initializer_list<Sample> samples) {
        MetricFamily family{.name = std::string("todo_worker_") + name, .help = help, .type = type, .metric = {}};
        for (const auto& sample : samples) {
            ClientMetric metric;
            metric.label = sample.labels;
            (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) =
                static_cast<double>(sample.value);
            family.metric.push_back(std::move(metric));
        }
        families_.push_back(std::move(family));
    }

    std::vector<MetricFamily> families_;
};

Response metrics(const StatusSources& sources) {
    const auto server = sources.server();
    const auto pool = sources.pool();
    Scrape scrape;
    scrape.gauge("info", "Always 1; the label says which version runs.", {{1, {{"version", sources.version}}}});
    scrape.gauge("threads", "Threads that serve requests.", {{sources.threads}});
    scrape.gauge("threads_busy", "Threads that are in a request now.", {{server.busy_threads}});
    scrape.counter("requests_total", "Requests that were answered.", {{server.requests}});
    scrape.counter("requests_shed_total", "Requests answered 503 because they were too old on arrival.",
                   {{server.shed_requests}});
    scrape.counter("request_starts_skewed_total",
                   "Requests whose time of arrival was taken as now because clocks differ.", {{server.skewed_starts}});
    scrape.gauge("connections", "Connections of the web server that are open, idle ones as well.",
                 {{server.connections}});
    scrape.counter("connections_accepted_total", "Connections of the web server that were accepted.",
                   {{server.accepted_connections}});
    scrape.counter("requests_abandoned_total",
                   "Requests that were not read: the web server had closed the connection, for its client had gone.",
                   {{server.abandoned_requests}});
    scrape.counter("connections_broken_total",
                   "Connections of the web server that ended before a request or its answer was complete.",
                   {{server.broken_connections}});
    scrape.counter("accept_errors_total", "Connections not accepted for want of descriptors or memory.",
                   {{server.accept_errors}});
    scrape.gauge("database_connections_limit", "Connections that the pool may open.", {{sources.connections}});
    scrape.gauge("database_connections", "Open connections to PostgreSQL.",
                 {{pool.busy, {{"state", "busy"}}}, {pool.idle, {{"state", "idle"}}}});
    scrape.gauge("database_waiting", "Requests that wait for a connection now.", {{pool.waiting}});
    scrape.counter("database_turned_away_total", "Requests that got no connection in time.", {{pool.turned_away}});
    scrape.counter("database_opened_total", "Connections that were opened.", {{pool.opened}});
    scrape.counter("database_closed_total", "Connections that were closed, and why.",
                   {{pool.closed_broken, {{"reason", "broken"}}},
                    {pool.closed_suspect, {{"reason", "suspect"}}},
                    {pool.closed_expired, {{"reason", "expired"}}}});
    scrape.counter("database_failed_attempts_total", "Attempts to connect that failed.", {{pool.failed_attempts}});
    return Response{.status = 200,
                    .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
                    .body = scrape.text()};
}

/// A probe is never too old to be answered, and one that stalls holds the only thread for a second at most.
constexpr fcgi_worker::ServerOptions kServerOptions{
    .threads = 1, .request_budget = std::chrono::minutes{10}, .io_timeout = std::chrono::seconds{1}};

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
          [this](const Request& request) { return router_.handle(request); }, kServerOptions, log) {
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
