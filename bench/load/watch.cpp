#include "watch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string_view>

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

std::vector<pid_t> family(pid_t parent) {
    std::vector<pid_t> found{parent};
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
        const std::string name = entry.path().filename();
        pid_t process = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), process);
        if (error != std::errc{} || end != name.data() + name.size()) continue;
        const auto fields = stat_of(process);
        if (fields.size() > kParent && fields[kParent] == parent) found.push_back(process);
    }
    return found;
}

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

}  // namespace

Role parse_role(const std::string& text) {
    const std::size_t sign = text.find('=');
    Role role;
    if (sign != std::string::npos) {
        role.name = text.substr(0, sign);
        const char* const end = text.data() + text.size();
        if (std::from_chars(text.data() + sign + 1, end, role.parent).ptr != end) role.parent = 0;
    }
    if (role.name.empty() || role.parent <= 0 || stat_of(role.parent).empty()) {
        throw std::invalid_argument("who is watched is NAME=PID, of a process that runs; not '" + text + "'");
    }
    return role;
}

std::uint64_t processor_time(const Role& role) {
    std::int64_t ticks = 0;
    for (const pid_t process : family(role.parent)) {
        const auto fields = stat_of(process);
        for (std::size_t n = kUserTime; n < kUserTime + 4 && n < fields.size(); ++n) ticks += fields[n];
    }
    return static_cast<std::uint64_t>(ticks) * tick_us();
}

std::uint64_t resident_kib(const Role& role) {
    std::uint64_t sum = 0;
    for (const pid_t process : family(role.parent))
        sum += number_after(contents("/proc/" + std::to_string(process) + "/smaps_rollup"), "\nPss:");
    return sum;
}

MachineMemory machine_memory() {
    const std::string text = contents("/proc/meminfo");
    if (text.empty()) throw std::runtime_error("/proc/meminfo cannot be read");
    MachineMemory memory;
    memory.available = number_after(text, "\nMemAvailable:");
    memory.slab = number_after(text, "\nSlab:");
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
    std::istringstream line{contents("/proc/stat")};
    std::string name;
    line >> name;
    std::uint64_t sum = 0;
    // user, nice, system, idle, waiting for the disk, interrupts, both kinds, stolen by others
    for (int n = 0; n < 8; ++n) {
        std::uint64_t ticks = 0;
        line >> ticks;
        if (n != 3 && n != 4 && n != 7) sum += ticks;
    }
    return sum * tick_us();
}

}  // namespace load
