#include "faults.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <vector>

#include "../patience.hpp"
#include "client.hpp"
#include "stack.hpp"

namespace api {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kNginxProcesses = 200;
constexpr std::size_t kBurst = 500;

void send_signal(int process, int number) {
    if (::kill(process, number) != 0) throw std::runtime_error("no process " + std::to_string(process) + " to signal");
}

/// A worker that is told to stop has up to 4 s and a request, an old process of nginx as long as its connections live.
void wait_for_the_end_of(const std::vector<int>& processes) {
    const auto ended = [&] {
        return std::none_of(processes.begin(), processes.end(), [](int process) { return ::kill(process, 0) == 0; });
    };
    if (!comes_true(ended, kPatience)) throw std::runtime_error("a process that should end lives on");
}

std::string signal_worker(int number, int survivor) {
    for (const int worker : stack::workers()) {
        if (worker == survivor) continue;
        send_signal(worker, number);
        wait_for_the_end_of({worker});
        return "process " + std::to_string(worker);
    }
    throw std::runtime_error("there is no worker beside process " + std::to_string(survivor));
}

std::string reload_nginx() {
    const int first = stack::process_in("nginx.pid");
    const std::vector<int> others = stack::children_of(first);
    send_signal(first, SIGHUP);
    wait_for_the_end_of(others);
    return std::to_string(others.size()) + " processes";
}

std::string end_sessions(const std::string& limit) {
    const std::string ended = ask_postgresql(
        "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE usename = 'todo_worker' "
        "ORDER BY random() LIMIT " +
        limit + ") AS session");
    if (ended == "0") throw std::runtime_error("there was no session to end");
    return ended + " sessions";
}

std::string lock_table(milliseconds length) {
    ask_postgresql("BEGIN; LOCK TABLE todo IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(" +
                   std::to_string(static_cast<double>(length.count()) / 1000) + "); COMMIT");
    return "";
}

std::string stop_postgresql(milliseconds length) {
    stack::run_script("sql/cluster", "stop");
    std::this_thread::sleep_for(length);
    stack::run_script("sql/cluster", "start");
    return "";
}

std::string freeze_postgresql(milliseconds length) {
    const int postmaster = stack::postmaster();
    send_signal(postmaster, SIGSTOP);  // first: it starts no session meanwhile
    std::vector<int> frozen = stack::children_of(postmaster);
    for (const int process : frozen) ::kill(process, SIGSTOP);  // one may have ended since
    std::this_thread::sleep_for(length);
    frozen.push_back(postmaster);
    for (const int process : frozen) ::kill(process, SIGCONT);
    return std::to_string(frozen.size()) + " processes";
}

std::string burst() {
    const std::vector<Answer> answers = at_once(kBurst, [](std::size_t) { return get("/v1/todos?limit=1"); });
    const auto served = std::count_if(answers.begin(), answers.end(), [](const Answer& a) { return a.status == 200; });
    const auto refused = std::count_if(answers.begin(), answers.end(), [](const Answer& a) { return a.status == 503; });
    std::string counts = std::to_string(served) + " times 200, " + std::to_string(refused) + " times 503";
    if (static_cast<std::size_t>(served + refused) != kBurst) throw std::runtime_error("of the burst only " + counts);
    return counts;
}

}  // namespace

std::string ask_postgresql(const std::string& sql) {
    return stack::run("psql -X -q -At -v ON_ERROR_STOP=1 -d '" + stack::setting("ADMIN_DSN") + "' -c \"" + sql + "\"");
}

std::string make(const PlannedFault& planned, int survivor) {
    switch (planned.fault) {
        case Fault::kEndWorker:
            return signal_worker(SIGTERM, survivor);
        case Fault::kKillWorker:
            return signal_worker(SIGKILL, survivor);
        case Fault::kEndSomeSessions:
            return end_sessions(std::to_string(1 + planned.length.count() % 30));
        case Fault::kEndAllSessions:
            return end_sessions("ALL");
        case Fault::kStopPostgresql:
            return stop_postgresql(planned.length);
        case Fault::kLockTable:
            return lock_table(planned.length);
        case Fault::kFreezePostgresql:
            return freeze_postgresql(planned.length);
        case Fault::kBurst:
            return burst();
        case Fault::kReloadNginx:
            return reload_nginx();
    }
    throw std::logic_error("a fault that nobody makes");
}

bool is_healthy() {
    return stack::workers().size() == 2 && get_private("/worker/0/readyz").status == 200 &&
           get_private("/worker/1/readyz").status == 200 &&
           stack::children_of(stack::process_in("nginx.pid")).size() == kNginxProcesses;
}

}  // namespace api
