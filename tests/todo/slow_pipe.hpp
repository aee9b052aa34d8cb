/// A pipe whose reader reads only when it is told to, and holds 4 KiB: whoever writes more into it stands still.
///
/// Threads: reading and writing may be done by two.
/// Errors:  std::runtime_error where there is no pipe.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <climits>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "../patience.hpp"

class SlowPipe {
public:
    static constexpr std::size_t kBytes = PIPE_BUF;

    SlowPipe() {
        if (pipe2(ends_.data(), O_CLOEXEC) != 0) throw std::runtime_error{"pipe2"};
        if (fcntl(ends_[1], F_SETPIPE_SZ, static_cast<int>(kBytes)) < 0) throw std::runtime_error{"F_SETPIPE_SZ"};
    }
    SlowPipe(const SlowPipe&) = delete;
    SlowPipe& operator=(const SlowPipe&) = delete;
    ~SlowPipe() {
        close_reader();
        close_writer();
    }

    [[nodiscard]] int writer() const { return ends_[1]; }
    void close_reader() { close_end(ends_[0]); }
    void close_writer() { close_end(ends_[1]); }

    /// Whether a write of a page would stand still.
    [[nodiscard]] bool is_full() const {
        pollfd room{ends_[1], POLLOUT, 0};
        return poll(&room, 1, 0) == 0;
    }
    /// What comes until `end` has come, or nobody writes any more, or nothing comes for as long as kPatience.
    [[nodiscard]] std::string read_until(const std::string& end) const {
        std::string text;
        std::array<char, kBytes> chunk{};
        pollfd reader{ends_[0], POLLIN, 0};
        while (text.find(end) == std::string::npos &&
               poll(&reader, 1, static_cast<int>(std::chrono::milliseconds{kPatience}.count())) == 1) {
            const ssize_t count = read(ends_[0], chunk.data(), chunk.size());
            if (count <= 0) break;
            text.append(chunk.data(), static_cast<std::size_t>(count));
        }
        return text;
    }
    /// All that comes until nobody writes any more.
    [[nodiscard]] std::string read_all() const { return read_until(std::string(1, '\0')); }

private:
    static void close_end(int& end) {
        if (end >= 0) close(end);
        end = -1;
    }

    std::array<int, 2> ends_{-1, -1};
};
