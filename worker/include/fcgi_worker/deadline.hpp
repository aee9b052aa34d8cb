/// How long a request may take, and how long it has taken so far.
///
/// A request gets its deadline when it arrives and hands it down: to the wait for a connection, to a
/// lock, to a statement. What is waited for always has one. Whoever waits says how long, so that the log can tell what
/// a slow request waited for.
///
/// Threads: values; a TimeSpent belongs to one request, and so to one thread at a time.
#pragma once

#include <chrono>

namespace fcgi_worker {

using Clock = std::chrono::steady_clock;  ///< Nobody sets it, so a wait is as long as it was meant to be.
using Deadline = Clock::time_point;       ///< The moment after which nobody waits any more.

/// So long from now.
[[nodiscard]] inline Deadline deadline_after(std::chrono::milliseconds wait) { return Clock::now() + wait; }

/// Where the time of a request went.
struct TimeSpent {
    Clock::duration waiting_for_thread{};      ///< From the web server's REQUEST_START until all of it was read.
    Clock::duration waiting_for_connection{};  ///< To the database: in Pool::acquire().
    Clock::duration in_database{};             ///< In Lease::execute(): the server's work, and the way there and back.
    Clock::duration in_all{};                  ///< From REQUEST_START to the answer, once there is one.
};

/// What is handed down: the moment after which nobody waits for the answer, who wants to know of the time that is
/// spent until then, and how one sees that nobody waits any more. A plain Deadline is one as well.
struct Budget {
    /// Without `latest` it has no end of its own; without the others no time is noted, and no client watched.
    Budget(Deadline latest = Deadline::max(), TimeSpent* account = nullptr,  // NOLINT(google-explicit-constructor)
           int from = -1)
        : deadline(latest), spent(account), client(from) {}

    Deadline deadline;  ///< For all that is waited for, together.
    TimeSpent* spent;   ///< May be null: nobody does.
    int client;  ///< The socket that the answer goes to; its other side closes it to take the question back. Or -1.
};

}  // namespace fcgi_worker
