#include "program.hpp"

#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>

namespace todo {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMostOutput = 300;  // bytes of what it says, for a line of the log

[[noreturn]] void fail(const std::string& what, int error) {
    throw std::runtime_error(what + ": " + std::generic_category().message(error));
}

/// In memory, from its beginning: no pipe that both sides would have to serve at once.
class MemoryFile {
public:
    explicit MemoryFile(std::string_view content) : descriptor_(memfd_create("todo-worker", MFD_CLOEXEC)) {
        const bool is_whole =
            write(descriptor_, content.data(), content.size()) == static_cast<ssize_t>(content.size());
        if (is_whole && lseek(descriptor_, 0, SEEK_SET) == 0) return;
        const int error = errno;
        if (descriptor_ >= 0) close(descriptor_);
        fail("there is no room for its input", error);
    }
    ~MemoryFile() { close(descriptor_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    [[nodiscard]] int get() const { return descriptor_; }

private:
    int descriptor_;
};

/// In one line.
std::string beginning_of(const MemoryFile& file) {
    std::array<char, kMostOutput> bytes{};
    const ssize_t count = pread(file.get(), bytes.data(), bytes.size(), 0);
    std::string text{bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
    return text;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> found;
    found.reserve(texts.size() + 1);
    for (std::string& text : texts) found.push_back(text.data());
    found.push_back(nullptr);
    return found;
}

/// In a process group of its own, so that all of it can be killed.
pid_t start(std::vector<std::string> command, const MemoryFile& input, const MemoryFile& output) {
    posix_spawn_file_actions_t files{};
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, input.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, output.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, output.get(), STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);

    posix_spawnattr_t attributes{};
    posix_spawnattr_init(&attributes);
    sigset_t signals{};
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

    std::vector<std::string> variables{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
    pid_t process = 0;
    const int error = posix_spawn(&process, command.front().c_str(), &files, &attributes, pointers(command).data(),
                                  pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (error != 0) fail("it cannot be started", error);
    return process;
}

/// Whether it ended by then; it is ended else. No zombie is left either way.
bool wait_for(pid_t process, milliseconds timeout, int& status) {
    // By its number: the C library 2.36 does not give its pidfd_open() to C++.
    const auto descriptor = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
    const int error = descriptor < 0 ? errno : 0;
    pollfd ended{descriptor, POLLIN, 0};
    const auto latest = steady_clock::now() + timeout;
    bool is_over = false;
    do {
        const auto left = std::chrono::ceil<milliseconds>(latest - steady_clock::now());
        is_over = error == 0 && poll(&ended, 1, static_cast<int>(std::max(left, milliseconds{0}).count())) == 1;
    } while (!is_over && error == 0 && steady_clock::now() < latest);
    if (error == 0) close(descriptor);
    if (!is_over) kill(-process, SIGKILL);
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    if (error != 0) fail("it cannot be waited for", error);
    return is_over;
}

}  // namespace

void run_program(const std::vector<std::string>& command, std::string_view input, milliseconds timeout) {
    const MemoryFile in{input};
    const MemoryFile out{{}};
    int status = 0;
    const bool is_over = wait_for(start(command, in, out), timeout, status);
    std::string cause;
    if (!is_over) {
        cause = "it had not ended after " + std::to_string(timeout.count()) + " ms";
    } else if (WIFSIGNALED(status)) {
        cause = "it was ended by signal " + std::to_string(WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0) {
        cause = "it ended with exit code " + std::to_string(WEXITSTATUS(status));
    } else {
        return;
    }
    const std::string said = beginning_of(out);
    throw std::runtime_error(said.empty() ? cause : cause + " and said: " + said);
}

}  // namespace todo
