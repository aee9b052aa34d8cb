/// What has happened so far: counters of each process, in memory that all of them share.
///
/// Threads: a process writes to its own place only; whoever conducts reads all of them, and writes `stop`.
/// Errors:  std::system_error when there is no memory for it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "histogram.hpp"
#include "phases.hpp"
#include "todo_requests.hpp"

namespace load {

/// Of the requests whose intended time lies in one phase. The ramp, phase 0 here, has what each user asks first.
struct PhaseCounts {
    Counter intended;                   ///< Requests whose time has come.
    Counter sent;                       ///< Of those,
    Counter late;                       ///< and sent more than kLate after it: the last answer was late, or we were.
    Counter unsent;                     ///< Never: the user waited for another answer, or was not connected.
    Counter answered;                   ///< Whole answers.
    Counter ok;                         ///< Of those, 2xx.
    Counter timed_out;                  ///< No answer within the time-out.
    Counter cut_off;                    ///< The connection ended before the answer had.
    Counter malformed;                  ///< What came was no answer.
    Counter checked;                    ///< Answers whose body was looked at.
    Counter foreign;                    ///< Of those, with somebody else's todo in it, or without the user's own.
    std::array<Counter, kKinds> kinds;  ///< Sent, of each kind.
    std::array<Counter, 600> status;    ///< Answers by their status.
    Histogram latency;                  ///< From the intended time to the whole answer.
    Histogram send_lag;                 ///< From the intended time until it was sent.
};

struct ConnectionCounts {
    Counter open;       ///< At the moment.
    Counter connected;  ///< Ever.
    Counter refused;
    Counter reset;
    Counter closed;          ///< By the server, in good form.
    Counter timed_out;       ///< Neither connect() nor a handshake was done within the time-out.
    Counter tls_failed;      ///< No handshake: no TLS 1.3 or HTTP/2 there, or a certificate that is not trusted.
    Counter unroutable;      ///< The source was taken, or the kernel had no port, memory or descriptor.
    Counter dropped;         ///< By us, because a phase says so.
    Counter returned;        ///< Of those dropped: connected again, and answered.
    Counter last_return_ns;  ///< When the last of those was, after the begin of the phase that dropped them.
};

struct ProcessBoard {
    Counter stop;  ///< Written by whoever conducts: from 1 on the process sends nothing more, and ends.
    ConnectionCounts connections;
    std::array<PhaseCounts, kMostPhases + 1> phases;
};

/// People take an answer within a tenth of a second for one at once: who asks later than that has noticed.
inline constexpr Moment kLate = std::chrono::milliseconds{100};

class Board {
public:
    explicit Board(std::size_t processes);
    ~Board();
    Board(const Board&) = delete;
    Board& operator=(const Board&) = delete;

    [[nodiscard]] std::size_t processes() const { return processes_; }
    [[nodiscard]] ProcessBoard& of(std::size_t process) const { return boards_[process]; }

    /// What `read` says of a process's board, over all processes: sum([](const ProcessBoard& board) { return 1; }).
    template <typename Read>
    [[nodiscard]] std::uint64_t sum(Read read) const {
        std::uint64_t total = 0;
        for (std::size_t n = 0; n < processes_; ++n) total += read(boards_[n]);
        return total;
    }
    [[nodiscard]] std::uint64_t sum(Counter ConnectionCounts::*counter) const {
        return sum([&](const ProcessBoard& board) { return (board.connections.*counter).get(); });
    }
    [[nodiscard]] std::uint64_t sum(std::size_t phase, Counter PhaseCounts::*counter) const {
        return sum([&](const ProcessBoard& board) { return (board.phases[phase].*counter).get(); });
    }

private:
    std::size_t processes_;
    ProcessBoard* boards_;
};

}  // namespace load
