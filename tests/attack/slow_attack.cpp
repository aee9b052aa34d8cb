#include "slow_attack.hpp"

#include <algorithm>
#include <exception>
#include <fstream>
#include <sstream>
#include <utility>

#include "stack.hpp"

namespace api {
namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

/// The largest of the column "Connected" in slowhttptest's table: seconds, closed, pending, connected, available.
std::size_t most_connected(const std::string& path) {
    std::ifstream table{path};
    std::string line;
    std::size_t most = 0;
    while (std::getline(table, line)) {
        std::istringstream row{line};
        std::string connected;
        for (int column = 0; column < 4; ++column) std::getline(row, connected, ',');
        if (!connected.empty() && connected.find_first_not_of("0123456789") == std::string::npos) {
            most = std::max(most, static_cast<std::size_t>(std::stoul(connected)));
        }
    }
    return most;
}

}  // namespace

SlowAttack::SlowAttack(SlowAttackOptions options, seconds length)
    : options_{std::move(options)}, thread_{[this, length] { attack(length); }} {}

void SlowAttack::join() {
    if (thread_.joinable()) thread_.join();
}

void SlowAttack::attack(seconds length) {
    const Clock::time_point end = Clock::now() + length;
    try {
        while (end - Clock::now() > kWave / 2) wave(std::min(kWave, std::chrono::ceil<seconds>(end - Clock::now())));
    } catch (const std::exception& error) {
        failures_.emplace_back(error.what());
    }
}

void SlowAttack::wave(seconds length) {
    const std::string report = stack::setting("STATE") + "/attack-" + options_.name;
    const std::string count = std::to_string(kConnections);
    // It ends by itself, and by a clock beside it, as it looks at its own once in a turn over its connections. Nice: an
    // attacker computes on a machine of his own; what the service computes for him is what can make others wait.
    stack::run("timeout -k 5 " + std::to_string(length.count() + 20) + " nice -n 10 env BIND_SOURCE=" + kAttacker +
               " LD_PRELOAD='" BIND_SOURCE_LIBRARY "' slowhttptest " + options_.options + " -c " + count + " -r " +
               count + " -l " + std::to_string(length.count()) + " -v 0 -g -o '" + report + "' -u '" + stack::url() +
               options_.path + "'");
    connected_.push_back(most_connected(report + ".csv"));
}

}  // namespace api
