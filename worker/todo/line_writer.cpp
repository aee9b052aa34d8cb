#include "line_writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <utility>

namespace todo {
namespace {

using std::chrono::milliseconds;

/// To files and terminals: few writes, and still a bound to what one that fails can lose.
constexpr std::size_t kChunkBytes = 65536;

/// How often a writer that waits for room looks whether it has been told to end.
constexpr milliseconds kLook{100};

/// The type bits of what a descriptor stands for; 0 where it stands for nothing.
mode_t type_of(int descriptor) {
    struct stat status {};
    return ::fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : 0;
}

/// Sockets have no PIPE_BUF, but what is short goes in one piece there too.
std::size_t chunk_bytes(mode_t type) { return S_ISFIFO(type) || S_ISSOCK(type) ? PIPE_BUF : kChunkBytes; }

/// Bytes of the whole lines that `lines` begins with and that fit; one that is longer than that goes alone.
std::size_t chunk_length(std::string_view lines, std::size_t bytes) {
    if (lines.size() <= bytes) return lines.size();
    const std::size_t last_end = lines.substr(0, bytes).rfind('\n');
    return (last_end != std::string_view::npos ? last_end : lines.find('\n')) + 1;
}

std::size_t count_lines(std::string_view text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

/// What the object and its thread share; the thread keeps it alive where the object could not wait any longer.
class LineWriter::State {
public:
    explicit State(LineWriterOptions options)
        : options_(std::move(options)),
          descriptor_(::fcntl(options_.descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)),
          type_(type_of(descriptor_)),
          chunk_bytes_(chunk_bytes(type_)) {}
    ~State() { ::close(descriptor_); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    void add(std::string_view line) noexcept {
        bool is_news = false;
        try {
            const std::lock_guard lock{mutex_};
            is_news = waiting_.empty() && missing_ == 0;
            // Once one has not fitted none does until the thread has taken the others: the gap has one place.
            if (missing_ > 0 || waiting_.size() + in_writing_ + line.size() > options_.queue_bytes) {
                ++missing_;
                ++lost_;
            } else {
                waiting_ += line;
            }
        } catch (...) {  // no memory for it
            ++lost_;
        }
        if (is_news) changed_.notify_all();
    }

    [[nodiscard]] std::size_t lost() const noexcept { return lost_; }

    /// Of the thread.
    void run() {
        block_signals_of_writes();
        std::unique_lock lock{mutex_};
        while (true) {
            changed_.wait(lock, [this] { return ending_ || !waiting_.empty() || missing_ > 0; });
            if ((waiting_.empty() && missing_ == 0) || abandoned_) break;
            lines_.clear();
            lines_.swap(waiting_);
            in_writing_ = lines_.size();
            const std::size_t missing_behind = std::exchange(missing_, 0);
            lock.unlock();
            write_lines();
            unsaid_ += missing_behind;
            say_what_is_lost();
            lock.lock();
        }
        ended_ = true;
        changed_.notify_all();
    }

    /// Whether the thread has written all there was, or is about to end by itself.
    bool end() {
        std::unique_lock lock{mutex_};
        ending_ = true;
        changed_.notify_all();
        changed_.wait_for(lock, options_.flush_time, [this] { return ended_; });
        abandoned_ = !ended_;
        return ended_;
    }

private:
    /// A reader that has gone and a file that may get no longer are errors of write(), not the end of the process.
    static void block_signals_of_writes() {
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGPIPE);
        sigaddset(&signals, SIGXFSZ);
        pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    }

    void write_lines() {
        for (std::string_view rest = lines_; !rest.empty() && !abandoned_;) {
            const std::string_view chunk = rest.substr(0, chunk_length(rest, chunk_bytes_));
            // What cannot take the short line about those that are lost takes no others either.
            const std::size_t written = say_what_is_lost() ? put(chunk) : 0;
            if (written < chunk.size()) {
                const std::size_t lost = count_lines(chunk.substr(written));
                unsaid_ += lost;
                lost_ += lost;
            }
            rest.remove_prefix(chunk.size());
            const std::lock_guard lock{mutex_};
            in_writing_ -= chunk.size();
        }
    }

    /// False where there are lost lines to speak of, and it cannot be written.
    bool say_what_is_lost() {
        if (unsaid_ == 0) return true;
        try {
            const std::string line = options_.notice(unsaid_);
            if (put(line) < line.size()) return false;
        } catch (...) {  // no memory for it
            return false;
        }
        unsaid_ = 0;
        return true;
    }

    /// Writes whole lines, and ends one before them that was cut short. Returns how many bytes were written.
    std::size_t put(std::string_view text) {
        if (is_cut_short_ && put_bytes("\n") == 0) return 0;
        const std::size_t written = put_bytes(text);
        // Of a file that is full another process may have got the last bytes, for the first half of its line.
        is_cut_short_ = written < text.size() && (written > 0 || S_ISREG(type_));
        return written;
    }

    std::size_t put_bytes(std::string_view text) {
        std::size_t written = 0;
        while (written < text.size() && !abandoned_) {
            const ssize_t count = ::write(descriptor_, text.data() + written, text.size() - written);
            if (count > 0) {
                written += static_cast<std::size_t>(count);
            } else if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
                wait_for_room();
            } else if (count == 0 || errno != EINTR) {
                break;
            }
        }
        return written;
    }

    /// Somebody made it non-blocking: a flag that all share who have inherited it.
    void wait_for_room() const {
        pollfd room{descriptor_, POLLOUT, 0};
        ::poll(&room, 1, static_cast<int>(kLook.count()));
    }

    const LineWriterOptions options_;
    /// A copy: where the thread is left to itself, the number of the other may soon stand for something else. -1 where
    /// there can be none, and then each write fails.
    const int descriptor_;
    const mode_t type_;
    const std::size_t chunk_bytes_;
    std::atomic<std::size_t> lost_ = 0;
    std::atomic<bool> abandoned_ = false;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::string waiting_;
    std::size_t in_writing_ = 0;  ///< Bytes of lines_ that are not written yet.
    std::size_t missing_ = 0;     ///< Lines that did not fit, behind those that wait.
    bool ending_ = false;
    bool ended_ = false;

    // The thread's own.
    std::string lines_;
    std::size_t unsaid_ = 0;
    bool is_cut_short_ = false;  ///< Nobody knows whether the last byte written is a line's end.
};

LineWriter::LineWriter(LineWriterOptions options)
    : state_(std::make_shared<State>(std::move(options))), thread_([state = state_] { state->run(); }) {}

LineWriter::~LineWriter() {
    if (state_->end()) {
        thread_.join();
    } else {
        thread_.detach();
    }
}

void LineWriter::write(std::string_view line) noexcept { state_->add(line); }

std::size_t LineWriter::lost() const noexcept { return state_->lost(); }

}  // namespace todo
