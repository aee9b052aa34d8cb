#include "plan.hpp"

#include <algorithm>
#include <ostream>

namespace api {

using std::chrono::milliseconds;

std::ostream& operator<<(std::ostream& out, Fault fault) {
    switch (fault) {
        case Fault::kEndWorker:
            return out << "TERM to a worker";
        case Fault::kKillWorker:
            return out << "KILL to a worker";
        case Fault::kEndSomeSessions:
            return out << "some sessions of PostgreSQL ended";
        case Fault::kEndAllSessions:
            return out << "all sessions of PostgreSQL ended";
        case Fault::kStopPostgresql:
            return out << "PostgreSQL stopped";
        case Fault::kLockTable:
            return out << "the table locked";
        case Fault::kFreezePostgresql:
            return out << "PostgreSQL frozen";
        case Fault::kBurst:
            return out << "500 connections at once";
        case Fault::kReloadNginx:
            return out << "nginx reloaded";
    }
    return out << "a fault without a name";
}

std::ostream& operator<<(std::ostream& out, const PlannedFault& planned) {
    return out << planned.fault << ", after " << planned.quiet.count() << " ms of quiet, for " << planned.length.count()
               << " ms where it lasts";
}

std::vector<PlannedFault> Plan::round() {
    std::vector<Fault> faults{Fault::kEndWorker,        Fault::kKillWorker,     Fault::kEndSomeSessions,
                              Fault::kEndAllSessions,   Fault::kStopPostgresql, Fault::kLockTable,
                              Fault::kFreezePostgresql, Fault::kBurst,          Fault::kReloadNginx};
    std::shuffle(faults.begin(), faults.end(), random_);

    std::uniform_int_distribution quiet{1500, 3500};
    std::uniform_int_distribution length{1000, 2500};  // a request has 5 s, and a session that froze answers late
    std::vector<PlannedFault> round;
    round.reserve(faults.size());
    for (const Fault fault : faults) {
        const milliseconds before{quiet(random_)};
        round.push_back({fault, before, milliseconds{length(random_)}});
    }
    return round;
}

}  // namespace api
