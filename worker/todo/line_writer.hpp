/// Writes lines to a descriptor from a thread of its own, so that nobody who has something to say waits for whoever
/// reads it: a terminal that is stopped, a pipe whose reader stands still, a disk that hangs.
///
/// What comes faster than it can be written waits in a queue with a bound; what does not fit is lost. So are lines that
/// cannot be written: the disk is full, the reader has gone. Both are counted, and as soon as there is room again a
/// line says how many there were, in the place where they are missing.
///
/// A pipe gets whole lines in writes of at most PIPE_BUF bytes, which the kernel does not divide: lines of several
/// processes that share it do not mix. A file must be open with O_APPEND for that. A line that a full disk cut short is
/// ended before the next one. A process that crashes takes along what waits.
///
/// Threads: write() and lost() may be called from any thread.
/// Errors:  the constructor throws std::system_error where there can be no thread. Nothing else throws.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace todo {

struct LineWriterOptions {
    /// Copied, so that the caller's may be closed at any time. It may be non-blocking or not.
    int descriptor = -1;
    /// Bytes that wait or are being written. 1 MiB: some 5,000 lines, half a second of a line for each request of a
    /// busy process. A reader that is away for longer is not there, and memory is for requests.
    std::size_t queue_bytes = std::size_t{1} << 20U;
    /// How long the destructor waits for the lines that are left: enough for the whole queue on any disk that works,
    /// and little of the time that a process is given to end.
    std::chrono::milliseconds flush_time{1000};
    /// Makes the line, with its end, that says how many were lost. Called by the writer's thread.
    std::function<std::string(std::size_t lost)> notice;
};

class LineWriter {
public:
    explicit LineWriter(LineWriterOptions options);
    /// Writes what it can in `flush_time`. A write that is still stuck then is left to itself: it touches nothing but
    /// memory and a descriptor of its own when it comes back, if it does before the process ends.
    ~LineWriter();
    LineWriter(const LineWriter&) = delete;
    LineWriter& operator=(const LineWriter&) = delete;

    /// `line` with its end. Never waits for the descriptor.
    void write(std::string_view line) noexcept;

    /// Lines that were not written, and will not be.
    [[nodiscard]] std::size_t lost() const noexcept;

private:
    class State;
    std::shared_ptr<State> state_;
    std::thread thread_;
};

}  // namespace todo
