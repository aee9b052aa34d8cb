#include <fcgi_worker/server.hpp>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <utility>

#include "call_handler.hpp"
#include "fastcgi.hpp"
#include "log_safely.hpp"
#include "loop.hpp"
#include "request_log.hpp"
#include "standing_queue.hpp"

namespace fcgi_worker {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kOldestStart{60};  // what is older was stamped by another clock

void require(bool is_in_range, const char* what) {
    if (!is_in_range) throw std::invalid_argument{what};
}

ServerOptions checked(const ServerOptions& options) {
    const auto is_wait = [](milliseconds wait) { return wait >= milliseconds{10} && wait <= std::chrono::minutes{10}; };
    require(options.threads >= 1 && options.threads <= 1024, "threads is outside 1..1024");
    require(options.awake_threads <= 1024, "awake_threads is outside 0..1024");
    require(options.requests >= 1 && options.requests <= 10'000, "requests is outside 1..10,000");
    require(options.stack_bytes >= std::size_t{64} * 1024 && options.stack_bytes <= std::size_t{64} << 20U,
            "stack_bytes is outside 64 KiB..64 MiB");
    require(options.body_bytes >= 1024 && options.body_bytes <= std::size_t{64} << 20U,
            "body_bytes is outside 1 KiB..64 MiB");
    require(is_wait(options.request_budget), "request_budget is outside 10 ms..10 min");
    const auto is_time = [](milliseconds time) { return time >= milliseconds{1} && time <= std::chrono::minutes{10}; };
    require(is_time(options.queue_target), "queue_target is outside 1 ms..10 min");
    require(is_time(options.queue_interval), "queue_interval is outside 1 ms..10 min");
    require(is_wait(options.io_timeout), "io_timeout is outside 10 ms..10 min");
    require(options.connections >= 1 && options.connections <= 1'000'000, "connections is outside 1..1,000,000");
    require(options.idle_timeout >= milliseconds{100} && options.idle_timeout <= std::chrono::hours{24},
            "idle_timeout is outside 100 ms..1 day");
    require(is_time(options.slow_request), "slow_request is outside 1 ms..10 min");
    require(is_wait(options.drain_timeout), "drain_timeout is outside 10 ms..10 min");
    return options;
}

Log from_level(LogLevel least, Log log) {
    log = or_nothing(std::move(log));
    if (least == LogLevel::kDebug) return log;
    return [least, log = std::move(log)](const LogEntry& entry) {
        if (entry.level >= least) log(entry);
    };
}

/// One of those that a counter counts, for as long as it lives.
class Counted {
public:
    explicit Counted(std::atomic<std::size_t>& counter) : counter_(counter) { ++counter_; }
    ~Counted() { --counter_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

private:
    std::atomic<std::size_t>& counter_;
};

}  // namespace

/// What is done with a request: refused, shed, handed to the handler, logged.
class Server::Service {
public:
    Service(ListenSocket socket, Handler handler, const ServerOptions& options, Log log);

    void run() { loop_.run(); }
    void stop() noexcept { loop_.stop(); }
    [[nodiscard]] ServerCounts counts() const noexcept;
    [[nodiscard]] std::optional<ListenQueue> queue() const { return loop_.queue(); }

private:
    bool serve(int descriptor);
    Response answer(fastcgi::Incoming& incoming, Clock::time_point begin);
    Response answer_in_time(fastcgi::Incoming& incoming, milliseconds waited);
    milliseconds age(const fastcgi::Incoming& incoming);

    /// Whether handlers have all that they can use: requests that wait, or threads that do not. While they have not,
    /// nothing is refused, however long it has waited: what is short then is the web server's time, and those that are
    /// here would have nothing to do. An eighth is left for what is refused.
    [[nodiscard]] bool are_handlers_full() const noexcept {
        const std::size_t at_work = at_work_;
        return at_work >= kept_at_work(requests()) || at_work >= kept_at_work(awake_threads()) + loop_.counts().waiting;
    }
    [[nodiscard]] std::size_t requests() const noexcept { return std::max(options_.requests, options_.threads); }
    [[nodiscard]] std::size_t awake_threads() const noexcept {
        return options_.awake_threads == 0 ? options_.threads : std::min(options_.awake_threads, options_.threads);
    }
    [[nodiscard]] static std::size_t kept_at_work(std::size_t most) noexcept { return (most - 1) * 7 / 8; }

    const Handler handler_;
    const ServerOptions options_;
    const Log log_;

    std::atomic<std::size_t> at_work_ = 0;  ///< Requests in a handler.
    std::atomic<std::size_t> requests_ = 0;
    std::atomic<std::size_t> shed_late_ = 0;
    std::atomic<std::size_t> shed_queued_ = 0;
    std::atomic<std::size_t> broken_connections_ = 0;
    std::atomic<std::size_t> skewed_starts_ = 0;
    StandingQueue standing_queue_;
    RequestLog request_log_;
    Loop loop_;
};

Server::Service::Service(ListenSocket socket, Handler handler, const ServerOptions& options, Log log)
    : handler_(std::move(handler)),
      options_(checked(options)),
      log_(from_level(options.log_level, std::move(log))),
      standing_queue_(options_.queue_target, options_.queue_interval),
      request_log_(options_, log_),
      loop_(
          std::move(socket), [this](int descriptor) { return serve(descriptor); },
          {.threads = options_.threads,
           .awake_threads = awake_threads(),
           .requests = requests(),
           .stack_bytes = options_.stack_bytes,
           .connections = options_.connections,
           .io_timeout = options_.io_timeout,
           .idle_timeout = options_.idle_timeout,
           .drain_timeout = options_.drain_timeout},
          log_) {
    require(static_cast<bool>(handler_), "a server needs a handler");
    fastcgi::prepare();
}

ServerCounts Server::Service::counts() const noexcept {
    const LoopCounts loop = loop_.counts();
    ServerCounts counts;
    counts.busy_threads = loop.busy_threads;
    counts.at_work = loop.at_work;
    counts.connections = loop.connections;
    counts.accepted_connections = loop.accepted;
    counts.accept_errors = loop.accept_errors;
    counts.abandoned_requests = loop.abandoned;
    counts.requests = requests_;
    counts.shed_late = shed_late_;
    counts.shed_queued = shed_queued_;
    counts.broken_connections = broken_connections_;
    counts.skewed_starts = skewed_starts_;
    return counts;
}

/// One request. Whether the connection is still open.
bool Server::Service::serve(int descriptor) {
    const Clock::time_point begin = Clock::now();
    auto outcome = fastcgi::Outcome::kBroken;
    try {
        outcome = fastcgi::serve(descriptor, options_.body_bytes, begin + options_.io_timeout,
                                 [&](fastcgi::Incoming& incoming) { return answer(incoming, Clock::now()); });
    } catch (const std::exception& error) {  // no memory: this connection is lost, the thread is not
        log_safely(log_, [&] { return LogEntry{LogLevel::kError, "connection failed", {{"error", error.what()}}}; });
    }
    ++(outcome == fastcgi::Outcome::kBroken ? broken_connections_ : requests_);
    return outcome == fastcgi::Outcome::kKept;
}

Response Server::Service::answer(fastcgi::Incoming& incoming, Clock::time_point begin) {
    const std::string& id = incoming.request.request_id;
    const milliseconds waited = age(incoming);
    TimeSpent spent{.waiting_for_thread = waited};
    incoming.request.spent = &spent;
    Response response = incoming.refusal ? incoming.refusal->to_response(id) : answer_in_time(incoming, waited);
    if (!response.headers.find("X-Request-Id")) response.headers.add("X-Request-Id", id);
    const Clock::time_point end = Clock::now();
    spent.in_all = waited + (end - begin);
    if (options_.on_answer) options_.on_answer(incoming.request, response, spent);
    request_log_.note(incoming.request, response, spent, end);
    incoming.request.spent = nullptr;
    return response;
}

Response Server::Service::answer_in_time(fastcgi::Incoming& incoming, milliseconds waited) {
    Request& request = incoming.request;
    if (waited >= options_.request_budget) {
        ++shed_late_;
        return Unavailable{"the request waited too long"}.to_response(request.request_id);
    }
    const Clock::time_point now = Clock::now();
    const bool is_refused = standing_queue_.refuses(waited, loop_.last_free(now), now);
    if (is_refused && are_handlers_full()) {
        ++shed_queued_;
        return Unavailable{"too many requests wait"}.to_response(request.request_id);
    }
    request.deadline = now + (options_.request_budget - waited);
    const Counted counted{at_work_};
    return call_handler(handler_, request, log_);
}

/// How long ago the web server got it.
milliseconds Server::Service::age(const fastcgi::Incoming& incoming) {
    if (!incoming.started) return milliseconds{0};
    const auto age = std::chrono::system_clock::now() - *incoming.started;
    if (age >= milliseconds{0} && age <= kOldestStart) return std::chrono::duration_cast<milliseconds>(age);
    ++skewed_starts_;
    return milliseconds{0};
}

Server::Server(ListenSocket socket, Handler handler, const ServerOptions& options, Log log)
    : service_(std::make_unique<Service>(std::move(socket), std::move(handler), options, std::move(log))) {}

Server::~Server() = default;

void Server::run() { service_->run(); }

void Server::stop() noexcept { service_->stop(); }

ServerCounts Server::counts() const noexcept { return service_->counts(); }

std::optional<ListenQueue> Server::queue() const { return service_->queue(); }

}  // namespace fcgi_worker
