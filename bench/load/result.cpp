#include "result.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace load {
namespace {

namespace json = boost::json;

json::object latency_json(const LatencySummary& summary) {
    return {{"count", summary.count()}, {"p50", summary.at(0.5)},     {"p90", summary.at(0.9)},
            {"p99", summary.at(0.99)},  {"p99_9", summary.at(0.999)}, {"p99_99", summary.at(0.9999)},
            {"max", summary.greatest()}};
}

json::object memory_json(const MachineMemory& memory) {
    return {{"available", memory.available},     {"slab", memory.slab},     {"proc_slab", memory.proc_slab},
            {"page_tables", memory.page_tables}, {"shared", memory.shared}, {"tcp_buffers", memory.tcp_buffers}};
}

json::object by_role(const std::vector<Role>& roles, const std::vector<std::uint64_t>& values) {
    json::object object;
    for (std::size_t n = 0; n < roles.size(); ++n) object[roles[n].name] = values[n];
    return object;
}

json::object counts_json(const Board& board, std::size_t phase) {
    json::object object{
        {"intended", board.sum(phase, &PhaseCounts::intended)},   {"sent", board.sum(phase, &PhaseCounts::sent)},
        {"late", board.sum(phase, &PhaseCounts::late)},           {"unsent", board.sum(phase, &PhaseCounts::unsent)},
        {"answered", board.sum(phase, &PhaseCounts::answered)},   {"ok", board.sum(phase, &PhaseCounts::ok)},
        {"timed_out", board.sum(phase, &PhaseCounts::timed_out)}, {"cut_off", board.sum(phase, &PhaseCounts::cut_off)},
        {"malformed", board.sum(phase, &PhaseCounts::malformed)}, {"checked", board.sum(phase, &PhaseCounts::checked)},
        {"foreign", board.sum(phase, &PhaseCounts::foreign)}};
    json::object status;
    for (std::size_t code = 0; code < std::tuple_size_v<decltype(PhaseCounts::status)>; ++code) {
        const auto count = board.sum([&](const ProcessBoard& of) { return of.phases[phase].status[code].get(); });
        if (count > 0) status[std::to_string(code)] = count;
    }
    object["status"] = std::move(status);
    json::object kinds;
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        kinds[kKindNames[kind]] = board.sum([&](const ProcessBoard& of) { return of.phases[phase].kinds[kind].get(); });
    }
    object["kinds"] = std::move(kinds);
    LatencySummary latency;
    LatencySummary send_lag;
    for (std::size_t n = 0; n < board.processes(); ++n) {
        latency.add(board.of(n).phases[phase].latency);
        send_lag.add(board.of(n).phases[phase].send_lag);
    }
    object["latency_us"] = latency_json(latency);
    object["send_lag_us"] = latency_json(send_lag);
    return object;
}

json::object spent_json(const std::vector<Role>& roles, const Observation& begin, const Observation& end) {
    std::vector<std::uint64_t> spent;
    for (std::size_t n = 0; n < roles.size(); ++n) spent.push_back(end.role_us[n] - begin.role_us[n]);
    json::object object = by_role(roles, spent);
    object["generator"] = end.generator_us - begin.generator_us;
    object["machine"] = end.busy_us - begin.busy_us;
    return object;
}

json::object connections_json(const Board& board) {
    return {{"connected", board.sum(&ConnectionCounts::connected)},
            {"refused", board.sum(&ConnectionCounts::refused)},
            {"reset", board.sum(&ConnectionCounts::reset)},
            {"closed", board.sum(&ConnectionCounts::closed)},
            {"timed_out", board.sum(&ConnectionCounts::timed_out)},
            {"tls_failed", board.sum(&ConnectionCounts::tls_failed)},
            {"unroutable", board.sum(&ConnectionCounts::unroutable)},
            {"dropped", board.sum(&ConnectionCounts::dropped)},
            {"returned", board.sum(&ConnectionCounts::returned)}};
}

}  // namespace

std::string to_json(const Progress& progress, const std::vector<Role>& roles) {
    json::object object{{"seconds", progress.observation.seconds},
                        {"phase", progress.phase},
                        {"open", progress.open},
                        {"errors", progress.errors},
                        {"rate", progress.rate},
                        {"latency_us", latency_json(progress.latency)},
                        {"memory_kib", memory_json(progress.observation.memory)}};
    json::object spent = by_role(roles, progress.observation.role_us);
    spent["generator"] = progress.observation.generator_us;
    spent["machine"] = progress.observation.busy_us;
    object["spent_us"] = std::move(spent);
    return json::serialize(object);
}

std::string to_json(const Common& common, const Board& board, const std::vector<Role>& roles,
                    const Findings& findings) {
    const Plan& plan = *common.plan;
    json::object connections = connections_json(board);
    connections["open_at_begin"] = findings.open_at_begin;
    connections["open_at_end"] = findings.open_at_end;
    std::uint64_t last_return = 0;
    for (std::size_t n = 0; n < board.processes(); ++n)
        last_return = std::max(last_return, board.of(n).connections.last_return_ns.get());
    connections["last_return_seconds"] = static_cast<double>(last_return) / 1e9;

    json::array steps;
    for (const MemoryAtStep& step : findings.steps) {
        json::object roles_kib = by_role(roles, step.role_kib);
        roles_kib["generator"] = step.generator_kib;
        steps.push_back(json::object{
            {"users", step.users}, {"memory_kib", memory_json(step.memory)}, {"roles_kib", std::move(roles_kib)}});
    }

    json::array phases;
    json::object ramp = counts_json(board, 0);
    ramp["seconds"] = in_seconds(plan.step_end(plan.steps));
    for (std::size_t n = 0; n < plan.phases.size(); ++n) {
        const Phase& phase = plan.phases[n];
        json::object object{
            {"name", phase.name}, {"rate", phase.rate}, {"seconds", phase.length.count()}, {"dropped", phase.dropped}};
        for (auto& member : counts_json(board, n + 1)) object.insert(std::move(member));
        const Observation &begin = findings.phase_begin[n], &end = findings.phase_end[n];
        object["spent_us"] = spent_json(roles, begin, end);
        object["measured_seconds"] = end.seconds - begin.seconds;
        object["meanwhile"] = json::object{{"answered", end.answered - begin.answered}, {"ok", end.ok - begin.ok}};
        phases.push_back(std::move(object));
    }
    return json::serialize(json::object{{"users", plan.users},
                                        {"processes", common.processes},
                                        {"stopped", findings.stopped},
                                        {"killed", findings.killed},
                                        {"ramp_rate", plan.ramp_rate},
                                        {"connections", std::move(connections)},
                                        {"ramp", std::move(ramp)},
                                        {"phases", std::move(phases)},
                                        {"memory", std::move(steps)}});
}

}  // namespace load
