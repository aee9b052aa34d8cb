/// Which fault comes when: all of it drawn from one seed, so that a run can be repeated.
///
/// Threads: an object belongs to one thread.
/// Errors:  none.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <random>
#include <vector>

namespace api {

enum class Fault {
    kEndWorker,        ///< SIGTERM.
    kKillWorker,       ///< SIGKILL.
    kEndSomeSessions,  ///< Of PostgreSQL, by pg_terminate_backend.
    kEndAllSessions,
    kStopPostgresql,  ///< And starts it again.
    kLockTable,
    kFreezePostgresql,  ///< SIGSTOP, then SIGCONT.
    kBurst,             ///< 500 connections at the same moment.
    kReloadNginx,
};
std::ostream& operator<<(std::ostream& out, Fault fault);

struct PlannedFault {
    Fault fault;
    std::chrono::milliseconds quiet;   ///< Before it, in which everything is answered as if there were no faults.
    std::chrono::milliseconds length;  ///< For a fault that lasts until it is taken back.
};
std::ostream& operator<<(std::ostream& out, const PlannedFault& planned);

class Plan {
public:
    explicit Plan(std::uint32_t seed) : random_{seed} {}

    /// Every fault once, in an order and at moments drawn by chance.
    std::vector<PlannedFault> round();

private:
    std::mt19937 random_;
};

}  // namespace api
