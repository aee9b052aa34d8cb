/// Connections, threads and fibers: accepts, keeps idle connections in one epoll, and gives a fiber to one that has
/// something to read, for as long as it is served. It does not know what is said on a connection.
///
///     epoll:  the listening socket, each idle connection (one shot), stop(), timers, wake-ups
///     threads wait there, all alike: what is idle costs a descriptor, and never a thread
///     fibers  what is served has one, and a thread only while it does not wait: see fibers.hpp
///
/// A single thread takes many events at once: a system call less for each request.
///
/// Threads: run() from one thread, once; stop() and counts() from any.
/// Errors:  the constructor and run() throw std::system_error where descriptors or threads cannot be had.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <vector>

#include <fcgi_worker/deadline.hpp>
#include <fcgi_worker/listen_socket.hpp>
#include <fcgi_worker/log.hpp>

#include "descriptor.hpp"
#include "fibers.hpp"

namespace fcgi_worker {

struct LoopOptions {
    std::size_t threads;
    std::size_t awake_threads;
    std::size_t requests;  ///< Served at once: each has a fiber. Further ones wait until one is free.
    std::size_t stack_bytes;
    std::size_t connections;  ///< See ServerOptions.
    std::chrono::milliseconds io_timeout;
    std::chrono::milliseconds idle_timeout;
    std::chrono::milliseconds drain_timeout;
};

struct LoopCounts {
    std::size_t busy_threads = 0;
    std::size_t at_work = 0;  ///< Connections that are served.
    std::size_t waiting = 0;  ///< Of these, those that wait for others or for the database.
    std::size_t connections = 0;
    std::size_t accepted = 0;
    std::size_t accept_errors = 0;
    std::size_t abandoned = 0;  ///< Had something to say when the peer closed them.
};

class Loop {
public:
    /// Serves what there is to read on a connection, and says whether it is still open and may say more. It closes the
    /// descriptor otherwise. Must not throw.
    using Serve = std::function<bool(int descriptor)>;

    Loop(ListenSocket socket, Serve serve, const LoopOptions& options, Log log);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void run();
    void stop() noexcept;
    [[nodiscard]] LoopCounts counts() const noexcept;

    [[nodiscard]] std::optional<ListenQueue> queue() const { return socket_.queue(); }

    /// When a thread and a fiber were last seen with nothing to do: now, where there are.
    [[nodiscard]] Clock::time_point last_free(Clock::time_point now) const noexcept;

private:
    enum class Kind : std::uint8_t {
        kListener,
        kConnection,
        kStop,
        kFinished,
        kWake,
        kDeadlines,
        kAcceptAgain,
        kIdle,
        kDrainEnd
    };

    /// What an event of the epoll points to.
    struct Source {
        Kind kind;
    };
    /// A descriptor of the loop's own that says something by being readable.
    struct Notifier : Source {
        Notifier(Kind what, Descriptor made) : Source{what}, descriptor(std::move(made)) {}
        Descriptor descriptor;
    };
    /// One that was kept. Of all threads, only the one that got its event touches it, and until it is watched again.
    struct Connection : Source {
        explicit Connection(int connected) : Source{Kind::kConnection}, descriptor(connected) {}
        int descriptor;
        std::list<Connection>::iterator place{};
        /// Guards what follows, against who hangs up: a connection that is served may be closed at any moment, and the
        /// number of its descriptor be another's.
        std::mutex mutex;
        Clock::time_point idle_since = kBusy;
    };
    static constexpr Clock::time_point kBusy = Clock::time_point::max();

    void work();
    [[nodiscard]] int wait(std::vector<epoll_event>& events, int longest);
    void note_free(Clock::time_point time) noexcept {
        last_free_.store(time.time_since_epoch().count(), std::memory_order_relaxed);
    }
    void one_waits();
    void look_at_deadlines();
    [[nodiscard]] bool handle(Source& source, std::uint32_t events);
    void accept_one();
    /// Not where all requests are at work: then another process may have room for what comes.
    [[nodiscard]] bool has_no_thread_to_spare() const noexcept {
        return idle_threads_ == 0 && !fibers_.are_all_at_work();
    }
    void take(int descriptor);
    void attend(Connection& connection, std::uint32_t events);
    void serve(int descriptor, Connection* known);
    void keep(int descriptor, Connection* known);
    void forget(Connection* known);
    void let_go();
    void release();

    void accept_failed(int error);
    void accept_what_is_left();
    void accept_the_last();
    void accept_more(std::size_t count, std::size_t most);
    [[nodiscard]] bool ignore_listener();
    [[nodiscard]] bool watch_listener();
    void let_others_go_first();
    void pause_accepting();
    void resume_accepting();
    void drain();
    void end_drain();
    void finish() noexcept;
    std::size_t hang_up(Clock::time_point idle_since);

    void watch(int descriptor, Source& source, std::uint32_t events, int operation);

    ListenSocket socket_;
    const Serve serve_;
    const LoopOptions options_;
    const Log log_;
    const bool is_inet_;
    const Descriptor epoll_;
    Source listener_{Kind::kListener};
    Notifier stop_;      ///< An eventfd, seen by one thread.
    Notifier finished_;  ///< An eventfd, seen by all of them.
    Notifier wake_;      ///< An eventfd, seen by one thread: something is ready.
    Notifier deadlines_;
    Notifier accept_again_;
    Notifier idle_;
    Notifier drain_end_;

    std::mutex accepting_mutex_;
    bool is_accepting_ = true;  ///< Whether the listener is in the epoll.

    std::mutex kept_mutex_;
    std::list<Connection> kept_;

    std::atomic<bool> has_run_ = false;
    std::atomic<bool> is_draining_ = false;
    std::atomic<bool> is_over_ = false;  ///< The time to drain is over: nothing is kept any more.

    std::atomic<std::size_t> idle_threads_ = 0;  ///< Wait in the epoll.
    std::atomic<std::size_t> connections_ = 0;
    /// Connections, those that are being accepted, and the listening socket until drain() is done with it. Without any,
    /// all is finished.
    std::atomic<std::size_t> holders_ = 1;
    std::atomic<std::size_t> accepted_ = 0;
    std::atomic<std::size_t> accept_errors_ = 0;
    std::atomic<std::size_t> abandoned_ = 0;
    std::atomic<Clock::rep> last_free_ = 0;  ///< When a wait ended that was one.
    std::atomic<Clock::rep> next_accept_error_log_ = Clock::time_point::min().time_since_epoch().count();
    std::atomic<bool> looks_at_deadlines_ = false;  ///< Whether its timer is on.

    Reserve reserve_;
    Fibers fibers_;
};

}  // namespace fcgi_worker
