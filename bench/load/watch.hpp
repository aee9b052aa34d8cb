/// What the load costs those who serve it: processor time and memory of whole families of processes, and of the
/// machine.
///
/// Threads: one.
/// Errors:  a process that has ended counts nothing; a file of /proc that cannot be read throws std::runtime_error.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace load {

/// A process and its children, under the name of what they do.
struct Role {
    std::string name;
    pid_t parent = 0;
};

/// NAME=PID.
[[nodiscard]] Role parse_role(const std::string& text);

/// The machine's processes at one moment. To list them reads a file of each: once for all roles.
class Processes {
public:
    Processes();

    /// Microseconds of processor time so far, of the role's processes and of the children of theirs that have ended.
    [[nodiscard]] std::uint64_t time_us(const Role& role) const;

    /// KiB of the role's memory now; what processes share is divided among them (PSS).
    [[nodiscard]] std::uint64_t resident_kib(const Role& role) const;

private:
    struct Process {
        pid_t id = 0;
        pid_t parent = 0;
        std::uint64_t ticks = 0;
    };
    template <typename Value>
    [[nodiscard]] std::uint64_t sum(const Role& role, Value value) const;

    std::vector<Process> all_;
};

/// KiB, from /proc/meminfo, and from /proc/net/sockstat.
struct MachineMemory {
    std::uint64_t available = 0;
    std::uint64_t slab = 0;  ///< The kernel's objects: of a connection, both ends' sockets, files and epoll entries.
    /// Of those, what it keeps for whoever has listed descriptors in /proc: an object for each, of no service's. A
    /// machine's agent that does so now and then has 2 KiB for each connection before long. 0 where only root may ask.
    std::uint64_t proc_slab = 0;
    std::uint64_t page_tables = 0;
    std::uint64_t shared = 0;       ///< Shared memory: PostgreSQL's buffers are a part of it.
    std::uint64_t tcp_buffers = 0;  ///< What is on its way, or was not read yet.
};
[[nodiscard]] MachineMemory machine_memory();

/// Microseconds that those processors together were busy so far that this process may run on: all, or what `taskset`
/// says.
[[nodiscard]] std::uint64_t busy_time();

}  // namespace load
