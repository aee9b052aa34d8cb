/// A load of GET requests over HTTP/1.1, of one thread: an open loop for what a service does under more than it can
/// carry, a closed one for how much that is.
///
/// Clients in their thousands do not wait for each other. So the open loop sends at the times of its schedule whether
/// or not anything was answered, and counts an answer's latency from there: what waited in a queue, also in this
/// program, has waited. A closed loop asks again when it has been answered, and so never offers more than is served.
///
/// A request goes on the connection that was idle last, else on a new one; where there may be no more of them it is not
/// sent, and counts as such. Answers have a Content-Length.
///
/// Threads: functions without state; several may run side by side.
/// Errors:  std::system_error where descriptors cannot be had. What goes wrong with a request stands in the report.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace open_loop {

using Clock = std::chrono::steady_clock;

struct Target {
    std::string path;
    std::vector<int> ports;                      ///< Of 127.0.0.1; new connections go to each in turn.
    std::size_t connections = 4000;              ///< At most so many are open: as many descriptors.
    std::chrono::milliseconds patience{10'000};  ///< From a request's time to the end of its answer.
    std::string headers{};                       ///< Lines, each with its end: "Authorization: Bearer TOKEN\r\n".
};

enum class Fate : std::uint8_t {
    kAnswered,
    kNoConnection,  ///< Not sent: each connection that there may be was at work.
    kBroken,        ///< Refused, closed before the answer was complete, or an answer that is no HTTP.
    kTimedOut,
};

/// A request and what became of it.
struct Exchange {
    Clock::duration scheduled{};  ///< Since the start of the load.
    Clock::duration lateness{};   ///< It was begun so long after that: more than a moment is this program's own fault.
    Clock::duration latency{};    ///< From when it was scheduled to when its fate was known.
    int status = 0;               ///< 0: not answered.
    Fate fate = Fate::kTimedOut;
};

struct Report {
    Clock::duration duration{};
    std::vector<Exchange> exchanges;  ///< In the order of the schedule.

    /// Those that were answered with the status before the load ended, for each second.
    [[nodiscard]] double per_second(int status) const;
    /// The same, second by second.
    [[nodiscard]] std::vector<std::size_t> each_second(int status) const;
    /// How often each status came, and each of what is no answer: "200", "503", "broken".
    [[nodiscard]] std::map<std::string, std::size_t> outcomes() const;
    [[nodiscard]] std::vector<Clock::duration> latencies(int status) const;
    [[nodiscard]] std::vector<Clock::duration> lateness() const;
};

/// The least value that so large a share does not exceed; zero where there is none.
[[nodiscard]] Clock::duration quantile(std::vector<Clock::duration> values, double share);

/// `rate` requests a second from `start` on, at even distances. Returns when each has met its fate.
[[nodiscard]] Report offer(const Target& target, double rate, Clock::duration duration,
                           Clock::time_point start = Clock::now());

/// `clients` that each ask anew as soon as they are answered. Returns when the last was answered after `duration`.
[[nodiscard]] Report saturate(const Target& target, std::size_t clients, Clock::duration duration);

}  // namespace open_loop
