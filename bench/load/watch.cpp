#include "watch.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "numbers.hpp"

namespace load {
namespace {

/// Empty where there is none. No stream: one throws when a process ends between open and read.
std::string contents(const std::string& path) {
    std::string text;
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return text;
    std::array<char, 4096> part{};
    for (ssize_t count = 0; (count = read(fd, part.data(), part.size())) > 0;) {
        text.append(part.data(), static_cast<std::size_t>(count));
    }
    close(fd);
    return text;
}

/// The fields of /proc/PID/stat after the name, which may have blanks in it: the state is the first. Empty when it has
/// ended.
std::vector<std::int64_t> stat_of(pid_t process) {
    std::string text = contents("/proc/" + std::to_string(process) + "/stat");
    std::vector<std::int64_t> fields;
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return fields;
    std::istringstream rest{text.substr(name_end + 3)};
    fields.push_back(0);
    for (std::int64_t field = 0; rest >> field;) fields.push_back(field);
    return fields;
}

constexpr std::size_t kParent = 1;
constexpr std::size_t kUserTime = 11;  // then: system time, and both of the children that have ended
constexpr std::size_t kTimes = 4;

std::uint64_t tick_us() { return 1'000'000U / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK)); }

/// The number behind `name` in a file of /proc; 0 when it is not there.
std::uint64_t number_after(std::string_view text, std::string_view name) {
    const std::size_t at = text.find(name);
    if (at == std::string_view::npos) return 0;
    text.remove_prefix(at + name.size());
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// KiB in the entries of /proc: inodes, and a directory entry for each.
std::uint64_t proc_slab_kib() {
    std::istringstream table{contents("/proc/slabinfo")};
    std::uint64_t inodes = 0;
    std::uint64_t inode_bytes = 0;
    std::uint64_t entry_bytes = 0;
    for (std::string line; std::getline(table, line);) {
        std::istringstream fields{line};
        std::string name;
        std::uint64_t active = 0;
        std::uint64_t all = 0;
        std::uint64_t bytes = 0;
        fields >> name >> active >> all >> bytes;
        if (name == "proc_inode_cache") {
            inodes = all;
            inode_bytes = bytes;
        } else if (name == "dentry") {
            entry_bytes = bytes;
        }
    }
    return inodes * (inode_bytes + entry_bytes) / 1024;
}

}  // namespace

Role parse_role(const std::string& text) {
    const std::size_t sign = text.find('=');
    Role role;
    if (sign != std::string::npos) {
        role.name = text.substr(0, sign);
        if (!reads(std::string_view{text}.substr(sign + 1), role.parent)) role.parent = 0;
    }
    if (role.name.empty() || role.parent <= 0 || stat_of(role.parent).empty()) {
        throw std::invalid_argument("who is watched is NAME=PID, of a process that runs; not '" + text + "'");
    }
    return role;
}

Processes::Processes() {
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
        Process process;
        if (!reads(entry.path().filename().native(), process.id)) continue;
        const auto fields = stat_of(process.id);
        if (fields.size() < kUserTime + kTimes) continue;  // it has ended meanwhile
        process.parent = static_cast<pid_t>(fields[kParent]);
        const auto times = fields.begin() + kUserTime;
        process.ticks = static_cast<std::uint64_t>(std::accumulate(times, times + kTimes, std::int64_t{0}));
        all_.push_back(process);
    }
}

template <typename Value>
std::uint64_t Processes::sum(const Role& role, Value value) const {
    std::uint64_t total = 0;
    for (const Process& process : all_)
        if (process.id == role.parent || process.parent == role.parent) total += value(process);
    return total;
}

std::uint64_t Processes::time_us(const Role& role) const {
    return sum(role, [](const Process& process) { return process.ticks; }) * tick_us();
}

std::uint64_t Processes::resident_kib(const Role& role) const {
    return sum(role, [](const Process& process) {
        return number_after(contents("/proc/" + std::to_string(process.id) + "/smaps_rollup"), "\nPss:");
    });
}

MachineMemory machine_memory() {
    const std::string text = contents("/proc/meminfo");
    if (text.empty()) throw std::runtime_error("/proc/meminfo cannot be read");
    MachineMemory memory;
    memory.available = number_after(text, "\nMemAvailable:");
    memory.slab = number_after(text, "\nSlab:");
    memory.proc_slab = std::min(proc_slab_kib(), memory.slab);
    memory.page_tables = number_after(text, "\nPageTables:");
    memory.shared = number_after(text, "\nShmem:");
    const std::string sockets = contents("/proc/net/sockstat");
    const std::size_t tcp = sockets.find("\nTCP:");
    if (tcp != std::string::npos) {
        memory.tcp_buffers = number_after(std::string_view{sockets}.substr(tcp), " mem ") *
                             static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / 1024;
    }
    return memory;
}

std::uint64_t busy_time() {
    cpu_set_t ours;
    const bool knows_ours = sched_getaffinity(0, sizeof ours, &ours) == 0;  // not beyond 1,024 processors
    std::istringstream lines{contents("/proc/stat")};
    std::uint64_t sum = 0;
    for (std::string line; std::getline(lines, line) && line.starts_with("cpu");) {
        std::istringstream fields{line.substr(3)};
        std::size_t processor = 0;
        if (line[3] == ' ' || !(fields >> processor)) continue;  // the first: all of them
        if (knows_ours && !CPU_ISSET(processor, &ours)) continue;
        // user, nice, system, idle, waiting for the disk, interrupts, both kinds, stolen by others
        for (int n = 0; n < 8; ++n) {
            std::uint64_t ticks = 0;
            fields >> ticks;
            if (n != 3 && n != 4 && n != 7) sum += ticks;
        }
    }
    return sum * tick_us();
}

}  // namespace load
