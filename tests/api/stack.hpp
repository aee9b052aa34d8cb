/// The running stack that these tests talk to: what tests/run says of it in the environment, and its processes.
///
/// Threads: functions without state.
/// Errors:  each throws std::runtime_error that says what is missing.
#pragma once

#include <string>
#include <vector>

namespace stack {

/// STACK_<name>.
[[nodiscard]] std::string setting(const std::string& name);

/// "http://127.0.0.1:8080".
[[nodiscard]] inline std::string url() { return setting("URL"); }

/// All ports that nginx listens on, the lowest first.
[[nodiscard]] std::vector<int> ports();

/// What a command prints on both its outputs, without the newline at the end. A command that fails throws.
std::string run(const std::string& command);

/// What one of the project's scripts prints that does something to this stack: run_script("sql/cluster", "stop").
std::string run_script(const std::string& script, const std::string& action);

/// The process whose id stands in run/<name> of the state folder.
[[nodiscard]] int process_in(const std::string& pid_file);

/// The first process of PostgreSQL, whose children are all others.
[[nodiscard]] int postmaster();

[[nodiscard]] std::vector<int> children_of(int process);

/// What stands in /proc/<process>/<name>; empty where the process has ended.
[[nodiscard]] std::string proc_file(int process, const std::string& name);

/// Process ids of the worker, in ascending order: those whose program is bin/todo-worker of the state folder.
[[nodiscard]] std::vector<int> workers();

}  // namespace stack
