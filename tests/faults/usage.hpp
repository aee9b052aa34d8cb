/// What the processes of the stack use: memory, watched while something else goes on, and processor time.
///
/// Threads: processor_time() has no state; a MemoryWatch belongs to one thread and has one of its own.
/// Errors:  a process that has ended counts as nothing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace usage {

/// What they have used together since each was started, in user mode and in the kernel.
[[nodiscard]] std::chrono::duration<double> processor_time(const std::vector<int>& processes);

/// Looks at the memory of processes again and again, from its construction until it is asked what it saw.
class MemoryWatch {
public:
    static constexpr std::chrono::milliseconds kPeriod{250};

    explicit MemoryWatch(std::vector<int> processes);
    MemoryWatch(const MemoryWatch&) = delete;
    MemoryWatch& operator=(const MemoryWatch&) = delete;
    ~MemoryWatch() { stop(); }

    /// Ends it. What of all of them was in memory and is backed by no file, in KiB: each time that it looked.
    const std::vector<std::size_t>& stop();

private:
    void work();

    const std::vector<int> processes_;
    std::mutex mutex_;
    std::condition_variable stop_;
    bool stopping_ = false;
    std::vector<std::size_t> seen_;
    std::thread thread_;
};

}  // namespace usage
