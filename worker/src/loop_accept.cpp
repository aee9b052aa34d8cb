// The half of Loop that is about new connections.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <limits>
#include <mutex>
#include <system_error>
#include <utility>

#include "events.hpp"
#include "log_safely.hpp"
#include "loop.hpp"

namespace fcgi_worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPauseAfterAcceptError{50};           // long enough for descriptors to come back
constexpr std::chrono::seconds kBetweenAcceptErrorLogs{10};  // however many fail meanwhile

constexpr std::size_t kAcceptedAtOnce = 64;  // when no thread is free: see accept_one()

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

}  // namespace

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
    if (has_no_thread_to_spare()) accept_more(kAcceptedAtOnce, options_.connections);
    // At the limit, and not beyond it: what a thread was woken for it has to take, for no other process was.
    if (connections_ >= options_.connections) {
        pause_accepting();
    } else {
        let_others_go_first();
    }
    // What was sent with the connection is served at once. A peer that says nothing costs no thread.
    if (is_readable(descriptor)) {
        fibers_.start([this, descriptor] { serve(descriptor, nullptr); });
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
void Loop::accept_what_is_left() { accept_more(options_.threads, std::numeric_limits<std::size_t>::max()); }

/// While stop() is heeded. What another process does not take either waits for nobody: all of it, where the socket is
/// this one's alone. A queue has at most so many.
void Loop::accept_the_last() {
    constexpr std::size_t kLongestQueue = 65'536;
    accept_more(socket_.is_inherited() ? options_.threads : kLongestQueue, std::numeric_limits<std::size_t>::max());
}

/// What there is, at most so many, and while fewer than `most` are open: into the epoll, behind those that wait there.
void Loop::accept_more(std::size_t count, std::size_t most) {
    for (std::size_t i = 0; i < count && connections_ < most; ++i) {
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

/// Of the processes that share the socket, the kernel wakes the one that has watched it for longest, if a thread of it
/// waits: the same one each time, until that has all connections and refuses what the others have room for. Whoever has
/// taken one goes to the end of the line. What waits meanwhile is heard of at once.
void Loop::let_others_go_first() {
    {
        const std::lock_guard lock{accepting_mutex_};
        if (!ignore_listener() || watch_listener()) return;
    }
    accept_what_is_left();
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
    if (!is_draining_ && !is_accepting_) (void)watch_listener();
}

/// Wants accepting_mutex_ to be held. False where there is no room for a connection, or no memory: then it is tried
/// again in a while.
bool Loop::watch_listener() {
    if (connections_ < options_.connections) {
        try {
            watch(socket_.descriptor(), listener_, EPOLLIN | EPOLLEXCLUSIVE, EPOLL_CTL_ADD);
            is_accepting_ = true;
            return true;
        } catch (const std::system_error&) {  // no memory for it yet
        }
    }
    set_timer(accept_again_.descriptor, kPauseAfterAcceptError);
    return false;
}

}  // namespace fcgi_worker
