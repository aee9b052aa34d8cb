/// Starts the processes, shows how it goes, and adds up what happened.
///
/// Threads: one.
/// Errors:  std::system_error when a process cannot be started; std::runtime_error when one has failed.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "board.hpp"
#include "crowd.hpp"
#include "watch.hpp"

namespace load {

/// What was seen at one moment: cumulative, so that any two can be compared.
struct Observation {
    double seconds = 0;          ///< Since the start.
    std::uint64_t answered = 0;  ///< Answers so far, whenever they were asked for,
    std::uint64_t ok = 0;        ///< and the 2xx among them.
    std::vector<std::uint64_t> role_us;
    std::uint64_t generator_us = 0;
    std::uint64_t busy_us = 0;
    MachineMemory memory;
};

/// The memory when so many users were connected, and nobody asked for anything.
struct MemoryAtStep {
    std::uint64_t users = 0;
    MachineMemory memory;
    std::vector<std::uint64_t> role_kib;
    std::uint64_t generator_kib = 0;
};

struct Findings {
    std::vector<Observation> phase_begin, phase_end;  ///< Of the plan's phases.
    std::vector<MemoryAtStep> steps;                  ///< Nobody, and then each step of the ramp.
    std::uint64_t open_at_begin = 0;                  ///< Connections when the first phase began,
    std::uint64_t open_at_end = 0;                    ///< and when the last one ended.
    bool stopped = false;                             ///< By stop(), before the plan was at its end.
    std::size_t killed = 0;                           ///< Processes that did not end, and did not do all of the plan.
};

class Conductor {
public:
    /// `series`: gets a line of JSON each second; may be empty.
    Conductor(const Common& common, const Board& board, std::vector<Role> roles, std::ostream* series);

    /// All of the plan, or what of it comes before stop(). The live line goes to standard error.
    [[nodiscard]] Findings run();

    /// Ends the run within a second, but for the answers that are still waited for. May be called by a signal's
    /// handler.
    static void stop();

private:
    void start_processes();
    void go_on_until(Moment time);
    void wait_for(Moment time);
    void tick();
    [[nodiscard]] std::size_t end_processes();
    [[nodiscard]] Moment now() const { return Clock::now() - common_.start; }
    [[nodiscard]] Observation observe();
    [[nodiscard]] MemoryAtStep weigh(std::uint64_t users);
    [[nodiscard]] std::size_t phase_at(Moment time) const;

    Common common_;
    const Board& board_;
    std::vector<Role> roles_;
    std::ostream* series_;
    std::vector<pid_t> processes_;
    Moment next_tick_{0};
    std::vector<LatencySummary> shown_;  ///< Of each phase, the ramp first: what the last line has told already.
    std::uint64_t shown_answers_ = 0;
    double shown_at_ = 0;
};

}  // namespace load
