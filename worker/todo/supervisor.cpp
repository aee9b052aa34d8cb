#include "supervisor.hpp"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace todo::supervisor {

int inherited_socket() {
    constexpr int kNotForChildren = 1;
    const int count = sd_listen_fds(kNotForChildren);
    if (count < 0) throw std::runtime_error("LISTEN_FDS cannot be read: " + std::string(std::strerror(-count)));
    if (count > 1) {
        throw std::runtime_error("systemd passes on " + std::to_string(count) +
                                 " sockets, and one is wanted: give the socket unit one ListenStream=");
    }
    return count == 1 ? SD_LISTEN_FDS_START : 0;
}

std::optional<std::chrono::milliseconds> watchdog_interval() {
    constexpr int kNotForChildren = 1;
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(kNotForChildren, &microseconds) <= 0) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds(microseconds));
}

// Where nobody hears it, nothing is lost: systemd itself then does what it does to a service that is silent.
void say_ready() { sd_notify(0, "READY=1"); }
void say_stopping() { sd_notify(0, "STOPPING=1"); }
void say_alive() { sd_notify(0, "WATCHDOG=1"); }

}  // namespace todo::supervisor
