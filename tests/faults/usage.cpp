#include "usage.hpp"

#include <unistd.h>

#include <sstream>
#include <string>
#include <utility>

#include "stack.hpp"

namespace usage {
namespace {

std::size_t kib_in_memory(int process) {
    constexpr std::string_view kName = "\nRssAnon:";
    const std::string status = stack::proc_file(process, "status");
    const std::size_t place = status.find(kName);
    return place == std::string::npos ? 0 : std::stoul(status.substr(place + kName.size()));
}

}  // namespace

std::chrono::duration<double> processor_time(const std::vector<int>& processes) {
    long ticks = 0;
    for (const int process : processes) {
        const std::string stat = stack::proc_file(process, "stat");
        const std::size_t name_end = stat.rfind(") ");
        if (name_end == std::string::npos) continue;
        std::istringstream fields{stat.substr(name_end + 2)};
        // The 3rd is the first behind the name; the 14th is the time in user mode, the 15th in the kernel.
        std::string skipped;
        for (int field = 3; field < 14; ++field) fields >> skipped;
        long user = 0;
        long kernel = 0;
        fields >> user >> kernel;
        ticks += user + kernel;
    }
    return std::chrono::duration<double>{static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK))};
}

MemoryWatch::MemoryWatch(std::vector<int> processes) : processes_(std::move(processes)), thread_([this] { work(); }) {}

const std::vector<std::size_t>& MemoryWatch::stop() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    stop_.notify_all();
    if (thread_.joinable()) thread_.join();
    return seen_;
}

void MemoryWatch::work() {
    std::unique_lock lock{mutex_};
    do {
        std::size_t together = 0;
        for (const int process : processes_) together += kib_in_memory(process);
        seen_.push_back(together);
    } while (!stop_.wait_for(lock, kPeriod, [this] { return stopping_; }));
}

}  // namespace usage
