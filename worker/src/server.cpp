#include <fcgi_worker/server.hpp>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "answers.hpp"
#include "descriptor.hpp"
#include "fastcgi.hpp"

namespace fcgi_worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPauseAfterAcceptError{50};           // long enough for descriptors to come back
constexpr std::chrono::seconds kBetweenAcceptErrorLogs{10};  // however many threads fail meanwhile
constexpr std::chrono::seconds kOldestStart{60};             // what is older was stamped by another clock

void require(bool is_in_range, const char* what) {
    if (!is_in_range) throw std::invalid_argument{what};
}

ServerOptions checked(const ServerOptions& options) {
    const auto is_wait = [](milliseconds wait) { return wait >= milliseconds{10} && wait <= std::chrono::minutes{10}; };
    require(options.threads >= 1 && options.threads <= 1024, "threads is outside 1..1024");
    require(options.body_bytes >= 1024 && options.body_bytes <= std::size_t{64} << 20U,
            "body_bytes is outside 1 KiB..64 MiB");
    require(is_wait(options.request_budget), "request_budget is outside 10 ms..10 min");
    require(is_wait(options.io_timeout), "io_timeout is outside 10 ms..10 min");
    return options;
}

Descriptor opened(int descriptor, const char* what) {
    if (descriptor < 0) throw std::system_error{errno, std::generic_category(), what};
    return Descriptor{descriptor};
}

/// The threads that start meanwhile have every signal blocked that can be sent to them: SIGPIPE then is an error of
/// write(), and SIGTERM finds the program's own threads.
class SignalsBlocked {
public:
    SignalsBlocked() {
        sigset_t blocked;
        sigfillset(&blocked);
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) sigdelset(&blocked, fault);
        pthread_sigmask(SIG_SETMASK, &blocked, &before_);
    }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

void set_timeouts(int descriptor, milliseconds timeout) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    const timeval value{seconds.count(), std::chrono::microseconds{timeout - seconds}.count()};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &value, sizeof value);
}

/// Whether nothing in it could end a header early or begin another one.
bool is_sendable(const Response& response) {
    constexpr std::string_view kBreaks{"\r\n\0", 3};
    constexpr std::string_view kName = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if (response.status < 200 || response.status > 599) return false;
    return std::all_of(response.headers.begin(), response.headers.end(), [&](const auto& header) {
        const auto& [name, value] = header;
        return !name.empty() && name.find_first_not_of(kName) == std::string::npos &&
               value.find_first_of(kBreaks) == std::string::npos;
    });
}

std::string in_milliseconds(Clock::duration duration) {
    std::array<char, 32> text{};
    const double value = std::chrono::duration<double, std::milli>{duration}.count();
    const int size = std::snprintf(text.data(), text.size(), "%.3f", value);
    return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

class Server::Loop {
public:
    Loop(ListenSocket socket, Handler handler, const ServerOptions& options, Log log);

    void run();
    void stop() noexcept;
    [[nodiscard]] ServerCounts counts() const noexcept;

private:
    enum class Event : std::uint32_t { kConnection, kStop };

    void watch(int descriptor, Event event, std::uint32_t how);
    void work();
    void accept_one();
    void pause_after(int error);
    void serve(int descriptor);
    Response answer(fastcgi::Incoming& incoming);
    Response answer_in_time(fastcgi::Incoming& incoming);
    Response call_handler(const Request& request);
    milliseconds age(const fastcgi::Incoming& incoming);
    void log_failure(const Request& request, std::string error);
    void log_request(const Request& request, int status, Clock::duration duration);

    const ListenSocket socket_;
    const Handler handler_;
    const ServerOptions options_;
    const Log log_;
    const Descriptor epoll_;
    const Descriptor stop_;  ///< An eventfd: readable for good once stop() was called.
    std::atomic<bool> has_run_ = false;

    std::atomic<std::size_t> busy_threads_ = 0;
    std::atomic<std::size_t> requests_ = 0;
    std::atomic<std::size_t> shed_requests_ = 0;
    std::atomic<std::size_t> broken_connections_ = 0;
    std::atomic<std::size_t> accept_errors_ = 0;
    std::atomic<std::size_t> skewed_starts_ = 0;
    std::atomic<Clock::rep> next_accept_error_log_ = Clock::time_point::min().time_since_epoch().count();
};

Server::Loop::Loop(ListenSocket socket, Handler handler, const ServerOptions& options, Log log)
    : socket_(std::move(socket)),
      handler_(std::move(handler)),
      options_(checked(options)),
      log_(log ? std::move(log) : Log{log_nothing}),
      epoll_(opened(epoll_create1(EPOLL_CLOEXEC), "cannot make an epoll")),
      stop_(opened(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "cannot make an eventfd")) {
    require(static_cast<bool>(handler_), "a server needs a handler");
    fastcgi::prepare();
    // Exclusive: a connection wakes one of the processes that share the socket, not all of them.
    watch(socket_.descriptor(), Event::kConnection, EPOLLIN | EPOLLEXCLUSIVE);
    watch(stop_.get(), Event::kStop, EPOLLIN);
}

void Server::Loop::watch(int descriptor, Event event, std::uint32_t how) {
    epoll_event wanted{};
    wanted.events = how;
    wanted.data.u32 = static_cast<std::uint32_t>(event);
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &wanted) != 0) {
        throw std::system_error{errno, std::generic_category(), "cannot watch a socket"};
    }
}

void Server::Loop::run() {
    if (has_run_.exchange(true)) throw std::logic_error{"a server runs once"};
    std::vector<std::thread> threads;
    const auto join = [&] {
        for (std::thread& thread : threads) thread.join();
    };
    try {
        const SignalsBlocked blocked;
        threads.reserve(options_.threads);
        while (threads.size() < options_.threads) threads.emplace_back([this] { work(); });
    } catch (...) {
        stop();
        join();
        throw;
    }
    join();
}

void Server::Loop::stop() noexcept {
    const std::uint64_t once = 1;
    [[maybe_unused]] const ssize_t written = write(stop_.get(), &once, sizeof once);  // a full counter is readable too
}

ServerCounts Server::Loop::counts() const noexcept {
    ServerCounts counts;
    counts.busy_threads = busy_threads_;
    counts.requests = requests_;
    counts.shed_requests = shed_requests_;
    counts.broken_connections = broken_connections_;
    counts.accept_errors = accept_errors_;
    counts.skewed_starts = skewed_starts_;
    return counts;
}

/// One thread: until stop(), whatever happens.
void Server::Loop::work() {
    for (;;) {
        std::array<epoll_event, 2> events{};
        const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
        bool is_connection = false;
        for (int i = 0; i < count; ++i) {
            const auto event = static_cast<Event>(events.at(static_cast<std::size_t>(i)).data.u32);
            if (event == Event::kStop) return;
            is_connection = true;
        }
        if (is_connection) accept_one();
    }
}

void Server::Loop::accept_one() {
    const int descriptor = accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) return pause_after(errno);
    ++busy_threads_;
    serve(descriptor);
    --busy_threads_;
}

/// accept() failed. Another thread was faster, or the peer has gone again: on with the next one. Everything else
/// (no descriptor left, no memory) would come back at once, for the connection still waits: so not at once.
void Server::Loop::pause_after(int error) {
    if (error == EAGAIN || error == EINTR || error == ECONNABORTED) return;
    ++accept_errors_;
    const Clock::time_point now = Clock::now();
    Clock::rep due = next_accept_error_log_;
    if (now.time_since_epoch().count() >= due && next_accept_error_log_.compare_exchange_strong(
                                                     due, (now + kBetweenAcceptErrorLogs).time_since_epoch().count())) {
        log_({LogLevel::kError, "cannot accept a connection", {{"error", std::generic_category().message(error)}}});
    }
    pollfd stopped{stop_.get(), POLLIN, 0};
    poll(&stopped, 1, static_cast<int>(kPauseAfterAcceptError.count()));
}

void Server::Loop::serve(int descriptor) {
    const Clock::time_point begin = Clock::now();
    set_timeouts(descriptor, options_.io_timeout);
    auto outcome = fastcgi::Outcome::kBroken;
    try {
        outcome = fastcgi::serve(descriptor, options_.body_bytes, begin + options_.io_timeout,
                                 [&](fastcgi::Incoming& incoming) {
                                     Response response = answer(incoming);
                                     log_request(incoming.request, response.status, Clock::now() - begin);
                                     return response;
                                 });
    } catch (const std::exception& error) {  // no memory: this connection is lost, the thread is not
        log_({LogLevel::kError, "connection failed", {{"error", error.what()}}});
    }
    ++(outcome == fastcgi::Outcome::kAnswered ? requests_ : broken_connections_);
}

Response Server::Loop::answer(fastcgi::Incoming& incoming) {
    const std::string& id = incoming.request.request_id;
    Response response = incoming.refusal ? incoming.refusal->to_response(id) : answer_in_time(incoming);
    if (!response.headers.find("X-Request-Id")) response.headers.add("X-Request-Id", id);
    return response;
}

Response Server::Loop::answer_in_time(fastcgi::Incoming& incoming) {
    Request& request = incoming.request;
    const milliseconds spent = age(incoming);
    if (spent >= options_.request_budget) {
        ++shed_requests_;
        return Unavailable{"the request waited too long"}.to_response(request.request_id);
    }
    request.deadline = deadline_after(options_.request_budget - spent);
    return call_handler(request);
}

Response Server::Loop::call_handler(const Request& request) {
    try {
        Response response = handler_(request);
        if (is_sendable(response)) return response;
        log_failure(request, "the answer has a status or a header that cannot be sent");
    } catch (const std::exception& error) {
        log_failure(request, error.what());
    } catch (...) {
        log_failure(request, "not a std::exception");
    }
    return answers::internal_error().to_response(request.request_id);
}

/// How long ago the web server got it.
milliseconds Server::Loop::age(const fastcgi::Incoming& incoming) {
    if (!incoming.started) return milliseconds{0};
    const auto age = std::chrono::system_clock::now() - *incoming.started;
    if (age >= milliseconds{0} && age <= kOldestStart) return std::chrono::duration_cast<milliseconds>(age);
    ++skewed_starts_;
    return milliseconds{0};
}

void Server::Loop::log_failure(const Request& request, std::string error) {
    log_({LogLevel::kError,
          "handler failed",
          {{"request_id", request.request_id},
           {"method", request.method},
           {"path", request.path},
           {"error", std::move(error)}}});
}

void Server::Loop::log_request(const Request& request, int status, Clock::duration duration) {
    LogEntry entry{LogLevel::kDebug,
                   "request",
                   {{"request_id", request.request_id},
                    {"method", request.method},
                    {"path", request.path},
                    {"status", std::to_string(status)},
                    {"duration_ms", in_milliseconds(duration)}}};
    if (const auto trace = request.headers.find("traceparent")) entry.fields.emplace_back("traceparent", *trace);
    log_(entry);
}

Server::Server(ListenSocket socket, Handler handler, const ServerOptions& options, Log log)
    : loop_(std::make_unique<Loop>(std::move(socket), std::move(handler), options, std::move(log))) {}

Server::~Server() = default;

void Server::run() { loop_->run(); }

void Server::stop() noexcept { loop_->stop(); }

ServerCounts Server::counts() const noexcept { return loop_->counts(); }

}  // namespace fcgi_worker
