#include "loop.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "events.hpp"
#include "is_inet.hpp"
#include "log_safely.hpp"
#include "signals_blocked.hpp"

namespace fcgi_worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPauseAfterAcceptError{50};           // long enough for descriptors to come back
constexpr std::chrono::seconds kBetweenAcceptErrorLogs{10};  // however many fail meanwhile
constexpr int kIdleLooks = 4;                                // in one idle_timeout: none lives a quarter longer

constexpr milliseconds kWait{
    5};  // epoll_wait() that takes longer had to wait; a thread that was preempted may be faster

constexpr std::size_t kAcceptedAtOnce = 64;     // when no thread is free: see accept_one()
constexpr std::size_t kEventsOfOneThread = 64;  // one wait for so many costs each next to nothing

void configure(int descriptor, milliseconds timeout, bool inet) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    const timeval value{seconds.count(), std::chrono::microseconds{timeout - seconds}.count()};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &value, sizeof value);
    if (!inet) return;
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // the end of an answer must not wait for an ack
    setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/// Whether a read would not wait: there is something, or the end.
bool is_readable(int descriptor) {
    char byte = 0;
    return recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR);
}
bool has_something_to_say(int descriptor) {
    char byte = 0;
    return recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

}  // namespace

Loop::Loop(ListenSocket socket, Serve serve, const LoopOptions& options, Log log)
    : socket_(std::move(socket)),
      serve_(std::move(serve)),
      options_(options),
      log_(std::move(log)),
      is_inet_(is_inet(socket_.descriptor())),
      is_shared_(options.threads > 1),
      epoll_(opened(epoll_create1(EPOLL_CLOEXEC), "cannot make an epoll")),
      stop_(Kind::kStop, make_eventfd()),
      finished_(Kind::kFinished, make_eventfd()),
      accept_again_(Kind::kAcceptAgain, make_timer()),
      idle_(Kind::kIdle, make_timer()),
      drain_end_(Kind::kDrainEnd, make_timer()) {
    // Exclusive: a connection wakes one of the processes that share the socket, not all of them.
    watch(socket_.descriptor(), listener_, EPOLLIN | EPOLLEXCLUSIVE, EPOLL_CTL_ADD);
    watch(stop_.descriptor.get(), stop_, EPOLLIN | EPOLLONESHOT, EPOLL_CTL_ADD);
    watch(finished_.descriptor.get(), finished_, EPOLLIN, EPOLL_CTL_ADD);
    for (Notifier* timer : {&accept_again_, &idle_, &drain_end_}) {
        watch(timer->descriptor.get(), *timer, EPOLLIN | EPOLLET, EPOLL_CTL_ADD);
    }
}

Loop::~Loop() {
    for (const Connection& connection : kept_) close(connection.descriptor);
}

void Loop::watch(int descriptor, Source& source, std::uint32_t events, int operation) {
    epoll_event wanted{};
    wanted.events = events;
    wanted.data.ptr = &source;
    if (epoll_ctl(epoll_.get(), operation, descriptor, &wanted) != 0) {
        throw std::system_error{errno, std::generic_category(), "cannot watch a socket"};
    }
}

void Loop::run() {
    if (has_run_.exchange(true)) throw std::logic_error{"a server runs once"};
    set_timer(idle_.descriptor, options_.idle_timeout / kIdleLooks, options_.idle_timeout / kIdleLooks);
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

void Loop::stop() noexcept { notify(stop_.descriptor); }

LoopCounts Loop::counts() const noexcept {
    LoopCounts counts;
    counts.busy_threads = busy_threads_;
    counts.connections = connections_;
    counts.accepted = accepted_;
    counts.accept_errors = accept_errors_;
    counts.abandoned = abandoned_;
    return counts;
}

Clock::time_point Loop::last_free() const noexcept {
    if (busy_threads_ < options_.threads) return Clock::now();
    return Clock::time_point{Clock::duration{last_free_.load(std::memory_order_relaxed)}};
}

/// One thread: until all is finished, whatever happens. Of several threads each takes one event at a time, so that no
/// other one waits behind it while another thread has nothing to do.
void Loop::work() {
    std::vector<epoll_event> events(is_shared_ ? 1 : kEventsOfOneThread);
    for (bool is_finished = false; !is_finished;) {
        const Clock::time_point begin = Clock::now();
        const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
        const Clock::time_point end = Clock::now();
        if (end - begin > kWait) last_free_.store(end.time_since_epoch().count(), std::memory_order_relaxed);
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            if (!handle(*static_cast<Source*>(event.data.ptr), event.events)) is_finished = true;
        }
    }
}

/// Whether there may be another event. It closes no connection but the one that it is about: each of those that came
/// together is about another one.
bool Loop::handle(Source& source, std::uint32_t events) {
    switch (source.kind) {
        case Kind::kListener:
            accept_one();
            break;
        case Kind::kConnection:
            attend(static_cast<Connection&>(source), events);
            break;
        case Kind::kStop:
            drain();
            break;
        case Kind::kFinished:
            return false;
        case Kind::kAcceptAgain:
            clear(accept_again_.descriptor);
            resume_accepting();
            break;
        case Kind::kIdle:
            clear(idle_.descriptor);
            hang_up(Clock::now() - options_.idle_timeout);
            break;
        case Kind::kDrainEnd:
            end_drain();
            break;
    }
    return true;
}

// ---- New connections

/// Counted before it looks: whoever drains then waits for it, or it sees that.
void Loop::accept_one() {
    ++holders_;
    if (is_draining_) return release();
    const int descriptor = accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) {
        accept_failed(errno);
        return release();
    }
    take(descriptor);
    // Where no thread is free, connections with something to read stand in a long line of the epoll, and the listening
    // socket takes its turn among them: with one for each turn, requests on new connections wait for seconds.
    if (busy_threads_ + 1 >= options_.threads && connections_ < options_.connections) {
        accept_more(std::min(kAcceptedAtOnce, options_.connections - connections_));
    }
    // At the limit, and not beyond it: what a thread was woken for it has to take, for no other process was.
    if (connections_ >= options_.connections) pause_accepting();
    // What was sent with the connection is served at once. A peer that says nothing costs no thread.
    if (is_readable(descriptor)) {
        serve(descriptor, nullptr);
    } else {
        keep(descriptor, nullptr);
    }
}

void Loop::take(int descriptor) {
    ++connections_;
    ++accepted_;
    configure(descriptor, options_.io_timeout, is_inet_);
}

/// Another thread was faster, or the peer has gone again: on with the next one. Everything else (no descriptor left, no
/// memory) would come back at once, for the connection still waits: so not at once.
void Loop::accept_failed(int error) {
    if (error == EAGAIN || error == EINTR || error == ECONNABORTED) return;
    ++accept_errors_;
    pause_accepting();
    const Clock::time_point now = Clock::now();
    Clock::rep due = next_accept_error_log_;
    if (now.time_since_epoch().count() >= due && next_accept_error_log_.compare_exchange_strong(
                                                     due, (now + kBetweenAcceptErrorLogs).time_since_epoch().count())) {
        log_safely(log_, [&] {
            return LogEntry{
                LogLevel::kError, "cannot accept a connection", {{"error", std::generic_category().message(error)}}};
        });
    }
}

/// After the listening socket was taken out of the epoll. The kernel may have woken threads of this process, and no
/// other process, for connections that still wait: without us, until another one comes. They are as many as threads.
void Loop::accept_what_is_left() { accept_more(options_.threads); }

/// What there is, and at most so many: into the epoll, behind those that wait there.
void Loop::accept_more(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const int descriptor = accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (descriptor < 0) return;
        ++holders_;
        take(descriptor);
        keep(descriptor, nullptr);
    }
}

/// Wants accepting_mutex_ to be held. False where it was ignored already.
bool Loop::ignore_listener() {
    if (!std::exchange(is_accepting_, false)) return false;
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket_.descriptor(), nullptr);
    return true;
}

/// No thread waits for that: meanwhile they serve the connections that are there.
void Loop::pause_accepting() {
    {
        const std::lock_guard lock{accepting_mutex_};
        if (!ignore_listener()) return;
        set_timer(accept_again_.descriptor, kPauseAfterAcceptError);
    }
    accept_what_is_left();
}

void Loop::resume_accepting() {
    const std::lock_guard lock{accepting_mutex_};
    if (is_draining_ || is_accepting_) return;
    if (connections_ >= options_.connections) return set_timer(accept_again_.descriptor, kPauseAfterAcceptError);
    try {
        watch(socket_.descriptor(), listener_, EPOLLIN | EPOLLEXCLUSIVE, EPOLL_CTL_ADD);
        is_accepting_ = true;
    } catch (const std::system_error&) {  // no memory for it yet
        set_timer(accept_again_.descriptor, kPauseAfterAcceptError);
    }
}

// ---- Connections that are there

void Loop::attend(Connection& connection, std::uint32_t events) {
    {
        const std::lock_guard lock{connection.mutex};
        connection.idle_since = kBusy;
    }
    const int descriptor = connection.descriptor;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return serve(descriptor, &connection);
    // The web server lets go of an idle connection, or of a request whose client has gone: nobody waits for that.
    if (has_something_to_say(descriptor)) ++abandoned_;
    forget(&connection);
    close(descriptor);
    let_go();
}

void Loop::serve(int descriptor, Connection* known) {
    ++busy_threads_;
    const bool is_open = serve_(descriptor);
    --busy_threads_;
    if (is_open) return keep(descriptor, known);
    forget(known);  // the kernel has taken it out of the epoll as it was closed
    let_go();
}

/// Back to the epoll, until there is something to read on it. One thread leaves it there while it serves it.
void Loop::keep(int descriptor, Connection* known) {
    const std::uint32_t events = EPOLLIN | EPOLLRDHUP | (is_shared_ ? EPOLLONESHOT : 0U);
    const bool is_new = known == nullptr;
    try {
        if (is_new) {
            const std::lock_guard lock{kept_mutex_};
            known = &kept_.emplace_back(descriptor);
            known->place = std::prev(kept_.end());
        }
        // Who gets its next event waits for this lock: what is done here was done before.
        const std::lock_guard lock{known->mutex};
        known->idle_since = Clock::now();
        if (is_over_) shutdown(descriptor, SHUT_RDWR);  // end_drain() may have come by before it was idle
        if (is_new || is_shared_) watch(descriptor, *known, events, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD);
        return;
    } catch (const std::exception& error) {
        log_safely(log_, [&] {
            return LogEntry{LogLevel::kError, "cannot keep a connection", {{"error", error.what()}}};
        });
    }
    forget(known);
    close(descriptor);
    let_go();
}

void Loop::forget(Connection* known) {
    if (known == nullptr) return;
    const std::lock_guard lock{kept_mutex_};
    kept_.erase(known->place);
}

void Loop::let_go() {
    --connections_;
    release();
}

void Loop::release() {
    if (--holders_ == 0) finish();
}

/// Those that are idle since then: peers that vanished without a word or never speak, or all when the time is over. The
/// thread that gets the event closes them. Returns how many.
std::size_t Loop::hang_up(Clock::time_point idle_since) {
    std::size_t count = 0;
    const std::lock_guard lock{kept_mutex_};
    for (Connection& connection : kept_) {
        const std::lock_guard held{connection.mutex};
        if (connection.idle_since > idle_since) continue;
        if (!is_over_ && has_something_to_say(connection.descriptor)) continue;  // it is not the peer that is silent
        shutdown(connection.descriptor, SHUT_RDWR);
        ++count;
    }
    return count;
}

// ---- The end

void Loop::drain() {
    {
        const std::lock_guard lock{accepting_mutex_};
        is_draining_ = true;
        (void)ignore_listener();
    }
    set_timer(drain_end_.descriptor, options_.drain_timeout);
    accept_what_is_left();
    socket_.stop_listening();
    accept_what_is_left();  // what came before that
    release();
}

void Loop::finish() noexcept { notify(finished_.descriptor); }

void Loop::end_drain() {
    is_over_ = true;
    const std::size_t count = hang_up(Clock::now());
    if (count == 0) return;
    log_safely(log_, [&] {
        return LogEntry{LogLevel::kWarning,
                        "the web server kept connections for longer than the time to drain",
                        {{"connections", count}}};
    });
}

}  // namespace fcgi_worker
