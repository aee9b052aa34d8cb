/// The program as a process: where its socket comes from, what its supervisor hears, and how it ends.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcgi_worker/listen_socket.hpp>

#include "fcgi_worker/fastcgi_client.hpp"
#include "fcgi_worker/temporary_folder.hpp"
#include "patience.hpp"
#include "todo/slow_pipe.hpp"

namespace {

using fastcgi_client::ask;
using fastcgi_client::Connection;
using fastcgi_client::keeping;
using fastcgi_client::request;
using fcgi_worker::ListenSocket;
using testing::HasSubstr;
using testing::Not;

/// A todo-worker that nobody has a database for: it starts, and answers 503.
class Process {
public:
    struct Setting {
        std::vector<std::string> arguments = {};
        std::vector<std::pair<std::string, std::string>> environment = {};
        int standard_input = -1;  ///< A descriptor to find there.
        int systemd_socket = -1;  ///< A descriptor to find as systemd passes one on.
        int standard_error = -1;  ///< A descriptor to find there, instead of the pipe that said() reads.
    };

    explicit Process(const Setting& setting) {
        std::array<int, 2> errors{};
        if (pipe2(errors.data(), O_CLOEXEC) != 0) throw std::runtime_error{"pipe2"};
        process_ = fork();
        if (process_ == 0) start(setting, setting.standard_error >= 0 ? setting.standard_error : errors[1]);
        close(errors[1]);
        errors_ = errors[0];
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (!code_) {
            kill(process_, SIGKILL);
            waitpid(process_, nullptr, 0);
        }
        close(errors_);
    }

    void send(int signal) const { kill(process_, signal); }
    [[nodiscard]] bool is_running() {
        int status = 0;
        if (!code_ && waitpid(process_, &status, WNOHANG) == process_) {
            code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        return !code_;
    }
    /// Its exit code, when it has ended by itself.
    [[nodiscard]] int exit_code() {
        EXPECT_TRUE(comes_true([this] { return !is_running(); }));
        return code_.value_or(-1);
    }
    /// All that it wrote, when it has ended.
    [[nodiscard]] std::string said() const {
        std::string text;
        std::array<char, 4096> chunk{};
        for (ssize_t count = 0; (count = read(errors_, chunk.data(), chunk.size())) > 0;) {
            text.append(chunk.data(), static_cast<std::size_t>(count));
        }
        return text;
    }

private:
    [[noreturn]] static void start(const Setting& setting, int errors) {
        dup2(errors, STDERR_FILENO);
        const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
        dup2(setting.standard_input >= 0 ? setting.standard_input : nothing, STDIN_FILENO);
        std::vector<std::string> words = setting.arguments;
        words.insert(words.begin(), {TODO_WORKER, "--database", "host=/nowhere dbname=none", "--anonymous-owner"});
        std::vector<std::string> variables;
        for (const auto& [name, value] : setting.environment) variables.emplace_back(name).append("=").append(value);
        if (setting.systemd_socket >= 0) {
            dup2(setting.systemd_socket, 3);
            fcntl(3, F_SETFD, 0);
            variables.insert(variables.end(), {"LISTEN_FDS=1", "LISTEN_PID=" + std::to_string(getpid())});
        }
        execve(TODO_WORKER, pointers(words).data(), pointers(variables).data());
        _exit(127);
    }
    static std::vector<char*> pointers(std::vector<std::string>& words) {
        std::vector<char*> all;
        all.reserve(words.size() + 1);
        for (std::string& word : words) all.push_back(word.data());
        all.push_back(nullptr);
        return all;
    }

    pid_t process_ = -1;
    int errors_ = -1;
    std::optional<int> code_;
};

struct TodoWorker : testing::Test {
    TemporaryFolder folder;
    const std::string path = folder / "s";

    /// Each request is answered, though none can be served without a database.
    static bool serves(const std::string& socket) {
        return comes_true([&] { return fastcgi_client::can_connect(socket); }) &&
               ask(socket, request("GET", "/v1/todos")).status == 503;
    }
};

TEST_F(TodoWorker, TakesTheSocketOnDescriptorZero) {
    const ListenSocket socket = ListenSocket::open("unix:" + path);
    Process process{{.standard_input = socket.descriptor()}};
    EXPECT_TRUE(serves(path));
    process.send(SIGTERM);
    EXPECT_EQ(process.exit_code(), 0);
}

TEST_F(TodoWorker, TakesTheSocketThatSystemdPassesOn) {
    const ListenSocket socket = ListenSocket::open("unix:" + path);
    Process process{{.systemd_socket = socket.descriptor()}};
    EXPECT_TRUE(serves(path));
    process.send(SIGTERM);
    EXPECT_EQ(process.exit_code(), 0);
}

TEST_F(TodoWorker, LeavesSocketsAloneThatAreMeantForAnotherProcess) {
    Process process{{.environment = {{"LISTEN_FDS", "1"}, {"LISTEN_PID", "1"}}}};
    EXPECT_EQ(process.exit_code(), 1);
    EXPECT_THAT(process.said(), HasSubstr("descriptor 0 is not a listening"));
}

TEST_F(TodoWorker, OpensASocketWithTheModeAskedFor) {
    Process process{{.arguments = {"--listen", "unix:" + path, "--listen-mode", "0600"}}};
    ASSERT_TRUE(serves(path));
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    process.send(SIGTERM);
    EXPECT_EQ(process.exit_code(), 0);
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(TodoWorker, SaysWhichAddressCannotBeListenedOn) {
    Process process{{.arguments = {"--listen", "192.0.2.1:9000"}}};
    EXPECT_EQ(process.exit_code(), 1);
    EXPECT_THAT(process.said(), HasSubstr("192.0.2.1:9000"));
}

TEST_F(TodoWorker, ServesOnWhileNobodyReadsItsStandardError) {
    static constexpr int kRequests = 2000;  // with a line of 1 KiB each, more than pipe and queue hold
    SlowPipe errors;
    Process process{{.arguments = {"--listen", "unix:" + path, "--log-level", "debug", "--status-dir", folder.path},
                     .standard_error = errors.writer()}};
    errors.close_writer();
    ASSERT_TRUE(serves(path));
    const Connection client{path};
    const std::string asked = keeping(request("GET", '/' + std::string(1000, 'x')));
    int answers = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kRequests; ++i) {
        client.send(asked);
        answers += client.receive_kept_answer().status == 404 ? 1 : 0;
    }
    EXPECT_EQ(answers, kRequests);
    EXPECT_LT(std::chrono::steady_clock::now() - start, kPatience);
    client.close_early();

    const std::string metrics = ask(folder / "status-0.sock", request("GET", "/metrics")).body;
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_log_lines_lost_total "));
    EXPECT_THAT(metrics, Not(HasSubstr("\ntodo_worker_log_lines_lost_total 0\n")));
    EXPECT_THAT(errors.read_until("\"lines of the log were lost\""), HasSubstr("\"lines of the log were lost\""));
    process.send(SIGTERM);
    EXPECT_EQ(process.exit_code(), 0);
}

TEST_F(TodoWorker, EndsThoughNobodyReadsItsStandardError) {
    SlowPipe errors;
    Process process{
        {.arguments = {"--listen", "unix:" + path, "--log-level", "debug"}, .standard_error = errors.writer()}};
    ASSERT_TRUE(serves(path));
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(serves(path));

    process.send(SIGTERM);

    EXPECT_EQ(process.exit_code(), 0);
    EXPECT_TRUE(errors.is_full());
}

TEST_F(TodoWorker, ServesAKeptConnectionAfterOneTermAndAnother) {
    Process process{{.arguments = {"--listen", "unix:" + path}}};
    ASSERT_TRUE(serves(path));
    const Connection kept{path};
    kept.send(keeping(request("GET", "/v1/todos")));
    ASSERT_EQ(kept.receive_kept_answer().status, 503);
    process.send(SIGTERM);
    process.send(SIGTERM);
    process.send(SIGHUP);
    for (int i = 0; i < 20; ++i) {
        kept.send(keeping(request("GET", "/v1/todos")));
        EXPECT_EQ(kept.receive_kept_answer().status, 503);
    }
    EXPECT_TRUE(process.is_running());
    kept.close_early();
    EXPECT_EQ(process.exit_code(), 0);
}

TEST_F(TodoWorker, EndsWhenTheTimeToDrainIsOver) {
    Process process{{.arguments = {"--listen", "unix:" + path, "--drain-timeout-ms", "5100"}}};
    ASSERT_TRUE(serves(path));
    const Connection kept{path};
    kept.send(keeping(request("GET", "/v1/todos")));
    ASSERT_EQ(kept.receive_kept_answer().status, 503);
    process.send(SIGTERM);
    EXPECT_EQ(process.exit_code(), 0);
    EXPECT_EQ(kept.receive(), "");
}

/// What systemd hears: a datagram for each word.
class NotifySocket {
public:
    explicit NotifySocket(std::string path)
        : path_(std::move(path)), descriptor_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        const sockaddr_un address = fastcgi_client::unix_address(path_);
        if (bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            ADD_FAILURE() << "cannot bind " << path_;
        }
        setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &fastcgi_client::kPatience, sizeof fastcgi_client::kPatience);
    }
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;
    ~NotifySocket() { close(descriptor_); }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string next() const {
        std::array<char, 256> text{};
        const ssize_t count = recv(descriptor_, text.data(), text.size(), 0);
        return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
    }
    /// What it hears beside "I am alive", which comes at any time.
    [[nodiscard]] std::string next_news() const {
        std::string word = next();
        while (word == "WATCHDOG=1") word = next();
        return word;
    }

private:
    std::string path_;
    int descriptor_;
};

TEST_F(TodoWorker, TellsItsSupervisorThatItIsReadyAliveAndStopping) {
    const NotifySocket supervisor{folder / "notify"};
    Process process{{.arguments = {"--listen", "unix:" + path},
                     .environment = {{"NOTIFY_SOCKET", supervisor.path()}, {"WATCHDOG_USEC", "200000"}}}};
    EXPECT_EQ(supervisor.next_news(), "READY=1");
    EXPECT_TRUE(serves(path)) << "ready means that it can be asked";
    EXPECT_EQ(supervisor.next(), "WATCHDOG=1");
    EXPECT_EQ(supervisor.next(), "WATCHDOG=1");
    process.send(SIGTERM);
    EXPECT_EQ(supervisor.next_news(), "STOPPING=1");
    EXPECT_EQ(process.exit_code(), 0);
}

}  // namespace
