#include "conductor.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <exception>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "result.hpp"

namespace load {
namespace {

constexpr Moment kTick = std::chrono::seconds{1};

std::atomic<bool> stopped{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal's handler sets it");

double milliseconds(std::uint64_t microseconds) { return static_cast<double>(microseconds) / 1000; }

/// What a process of users does from its fork to its end.
[[noreturn]] void be_a_crowd(const Common& common, std::uint32_t process, const Board& board) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int code = 0;
    try {
        Crowd crowd{common, process, board.of(process)};
        std::this_thread::sleep_until(common.start);
        crowd.run();
    } catch (const std::exception& error) {
        std::cerr << "bench-load: process " << process << ": " << error.what() << std::endl;
        code = 1;
    }
    _exit(code);
}

std::uint64_t failures(const ProcessBoard& board) {
    const ConnectionCounts& connections = board.connections;
    std::uint64_t sum = connections.refused.get() + connections.reset.get() + connections.closed.get() +
                        connections.timed_out.get() + connections.tls_failed.get() + connections.unroutable.get();
    for (const PhaseCounts& phase : board.phases) {
        sum += phase.answered.get() - phase.ok.get() + phase.timed_out.get() + phase.cut_off.get() +
               phase.malformed.get() + phase.foreign.get();
    }
    return sum;
}

}  // namespace

Conductor::Conductor(const Common& common, const Board& board, std::vector<Role> roles, std::ostream* series)
    : common_{common},
      board_{board},
      roles_{std::move(roles)},
      series_{series},
      shown_(common_.plan->phases.size() + 1) {}

Findings Conductor::run() {
    const Plan& plan = *common_.plan;
    Findings findings;
    findings.steps.push_back(weigh(0));
    start_processes();
    for (std::uint32_t step = 1; step <= plan.steps; ++step) {
        go_on_until(plan.step_end(step) - plan.step_pause / 4);  // the last ones have had their answer
        findings.steps.push_back(weigh(board_.sum(&ConnectionCounts::open)));
        go_on_until(plan.step_end(step));
    }
    findings.open_at_begin = board_.sum(&ConnectionCounts::open);
    for (const Phase& phase : plan.phases) {
        findings.phase_begin.push_back(observe());
        go_on_until(phase.end());
        findings.phase_end.push_back(observe());
    }
    findings.open_at_end = board_.sum(&ConnectionCounts::open);
    findings.stopped = stopped;
    findings.killed = end_processes();
    return findings;
}

void Conductor::stop() { stopped = true; }

void Conductor::start_processes() {
    // Time for all of them to be ready: a fork and 20,000 users take 5 ms.
    common_.start = Clock::now() + std::chrono::milliseconds{500} + common_.processes * std::chrono::milliseconds{20};
    for (std::uint32_t n = 0; n < common_.processes; ++n) {
        const pid_t process = fork();
        if (process < 0) throw std::system_error(errno, std::generic_category(), "fork");
        if (process == 0) be_a_crowd(common_, n, board_);
        processes_.push_back(process);
    }
}

void Conductor::wait_for(Moment time) {
    for (;;) {
        const Moment until = std::min(time, next_tick_);
        std::this_thread::sleep_until(common_.start + until);
        if (until == next_tick_) {
            tick();
            next_tick_ += kTick;
            if (next_tick_ < now()) next_tick_ = now();  // stood still meanwhile
        }
        if (until == time || stopped) return;
    }
}

void Conductor::go_on_until(Moment time) {
    if (!stopped) wait_for(time);
}

/// They end by themselves: when all answers are there, or after the time-out. Where the machine is so far behind that
/// one does not come to that, it is ended: what it has counted is here, and what it still had to do is not done. How
/// many were ended so.
std::size_t Conductor::end_processes() {
    if (stopped) {
        for (std::size_t n = 0; n < board_.processes(); ++n) board_.of(n).stop.raise_to(1);
    }
    bool failed = false;
    std::size_t killed = 0;
    const Moment latest = now() + common_.time_out + std::chrono::seconds{60};
    while (!processes_.empty()) {
        int status = 0;
        const pid_t ended = waitpid(processes_.back(), &status, WNOHANG);
        if (ended == processes_.back()) {
            failed = failed || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
            processes_.pop_back();
        } else if (now() > latest) {
            std::cerr << "\nbench-load: " << processes_.size()
                      << " processes had not ended a minute after the last time-out";
            killed = processes_.size();
            for (const pid_t process : processes_) kill(process, SIGKILL);
            for (const pid_t process : processes_) waitpid(process, nullptr, 0);
            processes_.clear();
        } else {
            wait_for(now() + std::chrono::milliseconds{50});
        }
    }
    std::cerr << '\n';
    if (failed) throw std::runtime_error("a process of the load has failed: the lines above say why");
    return killed;
}

std::size_t Conductor::phase_at(Moment time) const {
    const std::vector<Phase>& phases = common_.plan->phases;
    return static_cast<std::size_t>(
        std::count_if(phases.begin(), phases.end(), [&](const Phase& phase) { return phase.begin <= time; }));
}

Observation Conductor::observe() {
    Observation observation;
    observation.seconds = in_seconds(now());
    for (std::size_t phase = 0; phase <= common_.plan->phases.size(); ++phase) {
        observation.answered += board_.sum(phase, &PhaseCounts::answered);
        observation.ok += board_.sum(phase, &PhaseCounts::ok);
    }
    const Processes processes;
    for (const Role& role : roles_) observation.role_us.push_back(processes.time_us(role));
    observation.generator_us = processes.time_us({"generator", getpid()});
    observation.busy_us = busy_time();
    observation.memory = machine_memory();
    return observation;
}

MemoryAtStep Conductor::weigh(std::uint64_t users) {
    MemoryAtStep step;
    step.users = users;
    step.memory = machine_memory();
    const Processes processes;
    for (const Role& role : roles_) step.role_kib.push_back(processes.resident_kib(role));
    step.generator_kib = processes.resident_kib({"generator", getpid()});
    return step;
}

void Conductor::tick() {
    const std::size_t phase = phase_at(now());
    LatencySummary all;
    for (std::size_t n = 0; n < board_.processes(); ++n) all.add(board_.of(n).phases[phase].latency);
    const LatencySummary latest = all.since(shown_[phase]);
    Progress progress;
    progress.observation = observe();
    progress.phase = phase;
    progress.open = board_.sum(&ConnectionCounts::open);
    progress.errors = board_.sum(failures);
    progress.rate = static_cast<double>(progress.observation.answered - shown_answers_) /
                    std::max(progress.observation.seconds - shown_at_, 0.001);
    progress.latency = latest;
    if (series_ != nullptr) *series_ << to_json(progress, roles_) << std::endl;

    std::ostringstream line;
    line << "\r\033[K" << std::fixed << std::setprecision(0) << progress.observation.seconds << " s, "
         << (phase == 0 ? "ramp" : common_.plan->phases[phase - 1].name) << ": " << progress.open << " connected, "
         << progress.rate << "/s, p99 " << std::setprecision(1) << milliseconds(latest.at(0.99)) << " ms, "
         << progress.errors << " errors, " << progress.observation.memory.available / 1024 << " MiB free";
    std::cerr << line.str() << std::flush;
    shown_[phase] = all;
    shown_answers_ = progress.observation.answered;
    shown_at_ = progress.observation.seconds;
}

}  // namespace load
