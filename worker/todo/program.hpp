/// Runs another program with a text on its standard input, as `sendmail` is run.
///
/// It inherits no descriptor, no blocked signal and no environment, but for a PATH of the system's folders: what is
/// secret here stays here. On a thread of Offload, for the caller waits.
///
/// Threads: functions without state.
/// Errors:  std::runtime_error for the log: it could not be started, took too long, or ended with another exit code
/// than
///          0; with the beginning of what it said.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace todo {

/// The first of `command` is the program's path. One that has not ended by then is killed, with the processes that it
/// has started.
void run_program(const std::vector<std::string>& command, std::string_view input, std::chrono::milliseconds timeout);

}  // namespace todo
