#include "loop.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
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

constexpr int kIdleLooks = 4;  // in one idle_timeout: none lives a quarter longer

// epoll_wait() that takes longer had to wait; a thread that was preempted may be faster.
constexpr milliseconds kWait{5};
constexpr std::size_t kEventsOfOneThread = 64;  // one wait for so many costs each next to nothing

constexpr int kRoundsForOthers = 64;  // while there is more and more, before one that let others go first
constexpr milliseconds kBetweenLooksAtDeadlines{10};  // a wait that fails may fail so much later

/// Now, or some milliseconds ago: what it was at the kernel's last tick. To read that costs little on every machine; on
/// some, the time itself takes a system call.
Clock::time_point last_tick() noexcept {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return Clock::time_point{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
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
      epoll_(opened(epoll_create1(EPOLL_CLOEXEC), "cannot make an epoll")),
      stop_(Kind::kStop, make_eventfd()),
      finished_(Kind::kFinished, make_eventfd()),
      wake_(Kind::kWake, make_eventfd()),
      deadlines_(Kind::kDeadlines, make_timer()),
      accept_again_(Kind::kAcceptAgain, make_timer()),
      idle_(Kind::kIdle, make_timer()),
      drain_end_(Kind::kDrainEnd, make_timer()),
      reserve_(options.threads, options.awake_threads, idle_threads_),
      fibers_(
          options.requests, options.stack_bytes, reserve_, [this] { notify(wake_.descriptor); },
          [this] { one_waits(); }) {
    // Exclusive: a connection wakes one of the processes that share the socket, not all of them.
    watch(socket_.descriptor(), listener_, EPOLLIN | EPOLLEXCLUSIVE, EPOLL_CTL_ADD);
    watch(stop_.descriptor.get(), stop_, EPOLLIN | EPOLLONESHOT, EPOLL_CTL_ADD);
    watch(finished_.descriptor.get(), finished_, EPOLLIN, EPOLL_CTL_ADD);
    watch(wake_.descriptor.get(), wake_, EPOLLIN | EPOLLET, EPOLL_CTL_ADD);  // each write wakes one thread
    for (Notifier* timer : {&deadlines_, &accept_again_, &idle_, &drain_end_}) {
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
    note_free(Clock::now());  // what came before that waited for nobody who was busy
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
        reserve_.end();  // those that are there may all sleep, as if the others were awake
        stop();
        join();
        throw;
    }
    join();
}

void Loop::stop() noexcept { notify(stop_.descriptor); }

LoopCounts Loop::counts() const noexcept {
    LoopCounts counts;
    counts.busy_threads = fibers_.running_threads();
    counts.at_work = fibers_.at_work();
    counts.waiting = fibers_.waiting();
    counts.connections = connections_;
    counts.accepted = accepted_;
    counts.accept_errors = accept_errors_;
    counts.abandoned = abandoned_;
    return counts;
}

Clock::time_point Loop::last_free(Clock::time_point now) const noexcept {
    if (idle_threads_ > 0 && !fibers_.are_all_at_work()) return now;
    return Clock::time_point{Clock::duration{last_free_.load(std::memory_order_relaxed)}};
}

/// One thread: until all is finished, whatever happens. Of several threads each takes one event at a time, so that no
/// other one waits behind it while another thread has nothing to do.
void Loop::work() {
    std::vector<epoll_event> events(options_.threads > 1 ? 1 : kEventsOfOneThread);
    int rounds = 0;
    for (bool is_finished = false; !is_finished;) {
        fibers_.resume_ready();
        // Others that wait in the epoll do not hear of what is ready here.
        if (!fibers_.is_one_ready()) reserve_.sleep_where_others_are_enough();
        const bool is_one_polite = fibers_.is_one_polite();
        const int count = wait(events, is_one_polite ? 0 : -1);  // who let others go first goes on where there are none
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            if (!handle(*static_cast<Source*>(event.data.ptr), event.events)) is_finished = true;
        }
        if (is_one_polite && (count <= 0 || ++rounds == kRoundsForOthers)) {
            rounds = 0;
            fibers_.resume_polite();
        }
    }
}

int Loop::wait(std::vector<epoll_event>& events, int longest) {
    const auto ask = [&] { return epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), longest); };
    if (longest == 0) return ask();
    const bool is_free = !fibers_.are_all_at_work();
    ++idle_threads_;
    const Clock::time_point begin = Clock::now();
    const int count = ask();
    const Clock::time_point end = Clock::now();
    --idle_threads_;
    if (is_free && end - begin > kWait) note_free(end);
    return count;
}

/// From here on a thread comes by now and then, until nobody waits: for those whose time is over, and for those that
/// are ready while the thread that would have gone on with them is blocked, and has told nobody.
void Loop::one_waits() {
    if (!looks_at_deadlines_ && !looks_at_deadlines_.exchange(true))
        set_timer(deadlines_.descriptor, kBetweenLooksAtDeadlines);
}

void Loop::look_at_deadlines() {
    clear(deadlines_.descriptor);
    looks_at_deadlines_ = false;
    fibers_.expire(Clock::now());
    if (fibers_.does_one_wait() || fibers_.is_one_ready()) one_waits();
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
            reserve_.end();
            return false;
        case Kind::kWake:  // it came by, and looks at what is ready
            break;
        case Kind::kDeadlines:
            look_at_deadlines();
            break;
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

// ---- Connections that are there

void Loop::attend(Connection& connection, std::uint32_t events) {
    const int descriptor = connection.descriptor;
    {
        const std::lock_guard lock{connection.mutex};
        connection.idle_since = kBusy;
    }
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) {
        return fibers_.start([this, &connection] { serve(connection.descriptor, &connection); });
    }
    // The web server lets go of an idle connection, or of a request whose client has gone: nobody waits for that.
    if (has_something_to_say(descriptor)) ++abandoned_;
    forget(&connection);
    close(descriptor);
    let_go();
}

void Loop::serve(int descriptor, Connection* known) {
    if (serve_(descriptor)) return keep(descriptor, known);
    forget(known);
    let_go();
}

/// Back to the epoll, until there is something to read on it: once. A program that is being started has a copy of each
/// descriptor for a moment, and what was closed here meanwhile stays in the epoll; it must have no more to say.
void Loop::keep(int descriptor, Connection* known) {
    const bool is_new = known == nullptr;
    try {
        if (is_new) {
            const std::lock_guard lock{kept_mutex_};
            known = &kept_.emplace_back(descriptor);
            known->place = std::prev(kept_.end());
        }
        // Who gets its next event waits for this lock: what is done here was done before.
        const std::lock_guard lock{known->mutex};
        known->idle_since = last_tick();
        if (is_over_) shutdown(descriptor, SHUT_RDWR);  // end_drain() may have come by before it was idle
        watch(descriptor, *known, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD);
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
    accept_the_last();
    socket_.stop_listening();
    accept_the_last();  // what came before that
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
