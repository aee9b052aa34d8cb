/// Runs work that takes a processor for long (hashing a password) or blocks (running a mail program) on a few threads
/// of its own, so that it cannot starve requests.
///
///     Offload hashing{{.threads = 1, .waiting = 4, .niceness = 10, .name = "hashing"}, log};
///     Offload mail{{.waiting = 100, .name = "mail"}, log};
///     std::string hash = hashing.run([&] { return hash_of(password); }, request.budget());
///     if (!mail.post([to, text] { send_mail(to, text); })) throw Unavailable{"too many mails wait"};
///
/// First come, first served; what comes when too many wait already is turned away at once. A request that waits in
/// run() keeps its stack and no thread of the server.
///
/// The work has the stack of a whole thread, and what is thread_local is that thread's. Its threads have all signals
/// blocked, and so has a program that is started there, unless its mask is set (posix_spawnattr_setsigmask()); it has
/// their niceness too.
///
/// Threads: every member may be called from any thread, also by work; but work that waits in run() for the Offload that
///          it runs on keeps one of its threads meanwhile.
/// Errors:  each function names what it throws. What is not named is not thrown.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <fcgi_worker/deadline.hpp>
#include <fcgi_worker/log.hpp>
#include <fcgi_worker/problem.hpp>

namespace fcgi_worker {

/// How many threads, how long a queue, how nice.
struct OffloadOptions {
    /// 1..64. For what takes a processor, fewer than there are processors: the others are left to requests.
    std::size_t threads = 1;

    /// 0..10,000 that wait until a thread is free; the next one is turned away. As many as are served while their
    /// requests have time: with a quarter of a second each, the last of four has its result after one and a quarter.
    std::size_t waiting = 4;

    /// Of its threads; 0..19. Nicer threads take what others leave of the processors: 10 is a tenth of the share of a
    /// request's thread, 0 the same share. Threads are never less nice than the one that makes them.
    int niceness = 0;

    /// Of its threads in ps and top, and of itself in the log; 1..15 bytes, which is what the kernel keeps.
    std::string name = "offload";

    /// What was post()ed and has not begun so long after the destructor was called is dropped; 0..10 min. Less than
    /// the time that a program has to stop.
    std::chrono::milliseconds drain_timeout{5000};
};

/// What it does and did, for metrics.
struct OffloadCounts {
    std::size_t running = 0;              ///< On a thread.
    std::size_t waiting = 0;              ///< For a thread.
    std::size_t done = 0;                 ///< Since the start, also what ended by an exception.
    std::size_t failed = 0;               ///< Of these: post()ed, and ended by an exception.
    std::size_t turned_away_late = 0;     ///< Their deadline passed before they began.
    std::size_t turned_away_crowded = 0;  ///< Too many waited already.
};

/// The threads and their queue.
class Offload {
public:
    /// `log` hears of post()ed work that failed or was dropped.
    /// Throws std::invalid_argument for an option out of its range, std::system_error where threads cannot be had.
    explicit Offload(OffloadOptions options = {}, Log log = log_nothing);

    /// Waits for what runs, and runs what was post()ed, until drain_timeout is over; what has not begun by then is
    /// dropped, and the log says how much. Those that wait in run() for a thread get Unavailable. Nobody may call a
    /// member any more, but for the work itself: it is turned away.
    ~Offload();
    Offload(const Offload&) = delete;
    Offload& operator=(const Offload&) = delete;

    /// What `work` returns, or throws. It never runs where it has not begun by the budget's deadline. Once begun, it is
    /// waited for to its end, whatever the deadline: it may refer to what lives in its caller, and has to be bounded by
    /// itself.
    /// Throws Unavailable: too many wait already, it was too late to begin, or the Offload ends.
    template <typename F>
    std::invoke_result_t<F> run(F&& work, Budget budget);

    /// Runs it some time later, for nobody who waits; what it throws is logged. It must own what it refers to, and be
    /// bounded by itself. False where too many wait already, or the Offload ends: then it never runs.
    [[nodiscard]] bool post(std::function<void()> work);

    /// As they are now.
    [[nodiscard]] OffloadCounts counts() const;

private:
    /// Runs it in its turn, and waits for its end.
    void run_in_turn(std::function<void()> work, Budget budget);

    class Crew;
    std::shared_ptr<Crew> crew_;  ///< Shared with those that are in run().
};

template <typename F>
std::invoke_result_t<F> Offload::run(F&& work, Budget budget) {
    using Result = std::invoke_result_t<F>;
    static_assert(!std::is_reference_v<Result>, "work returns a value, or a pointer");
    if constexpr (std::is_void_v<Result>) {
        auto call = [&] { std::invoke(std::forward<F>(work)); };
        run_in_turn(std::ref(call), budget);
    } else {
        std::optional<Result> result;
        auto call = [&] { result.emplace(std::invoke(std::forward<F>(work))); };
        run_in_turn(std::ref(call), budget);
        return *std::move(result);
    }
}

}  // namespace fcgi_worker
