/// The doorway to systemd: the socket that it passes on, and what it wants to hear. Under another supervisor, or none,
/// nobody listens, and nothing is said.
///
/// Threads: inherited_socket() and watchdog_interval() before there is a second thread, for they read the environment
/// and
///          take away what is meant for this process alone; the others from any.
/// Errors:  inherited_socket() throws std::runtime_error.
#pragma once

#include <chrono>
#include <optional>

namespace todo::supervisor {

/// The listening socket that the process was started with: systemd's (LISTEN_FDS), else descriptor 0, where spawn-fcgi
/// and multiwatch put theirs. Throws where systemd passes on more than one.
[[nodiscard]] int inherited_socket();

/// How often it wants to hear that the process is alive (WatchdogSec=); none where it does not want to.
[[nodiscard]] std::optional<std::chrono::milliseconds> watchdog_interval();

void say_ready();     ///< Type=notify: requests are answered from here on.
void say_stopping();  ///< TERM was understood.
void say_alive();

}  // namespace todo::supervisor
