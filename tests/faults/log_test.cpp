/// The disk under the workers' log is full, or nobody reads it: clients notice nothing, and what was lost is known.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>

#include "../patience.hpp"
#include "api_test.hpp"

namespace api {
namespace {

using testing::SizeIs;
using Clock = std::chrono::steady_clock;

std::string read_file(const std::string& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

/// A number behind a text that stands in front of it; 0 where it does not.
std::size_t number_behind(const std::string& text, const std::string& before) {
    const std::size_t at = text.find(before);
    return at == std::string::npos ? 0 : std::stoul(text.substr(at + before.size()));
}

/// What the log of all workers says.
struct LogText {
    explicit LogText(const std::string& text) {
        std::istringstream stream{text};
        for (std::string line; std::getline(stream, line);) {
            const bool whole =
                line.starts_with(R"({"time":")") && line.ends_with('}') && line.rfind(R"({"time":)") == 0;
            if (whole) {
                lost += number_behind(line, R"("message":"lines of the log were lost","lines":)");
                requests += line.find(R"("message":"request")") != std::string::npos ? 1U : 0U;
            } else if (!line.empty()) {
                ++torn;
                // NOLINTNEXTLINE(performance-inefficient-string-concatenation)
                torn_lines += line + "\n";
            }
        }
    }

    std::size_t lost = 0;      ///< Lines that it says are missing.
    std::size_t requests = 0;  ///< Lines about one.
    std::size_t torn = 0;      ///< Lines that are no JSON object, or more than one.
    std::string torn_lines;
};

/// Lines that the workers of both slots have lost since they were started.
std::size_t lines_lost() {
    std::size_t lost = 0;
    for (const char* path : {"/worker/0/metrics", "/worker/1/metrics"}) {
        const Answer metrics = get_private(path);
        EXPECT_THAT(metrics, Answers(200));
        EXPECT_THAT(metrics.body, testing::HasSubstr("\ntodo_worker_log_lines_lost_total "));
        lost += number_behind(metrics.body, "\ntodo_worker_log_lines_lost_total ");
    }
    return lost;
}

/// The workers log each request to where a test says, until it ends.
struct WorkersLog : ApiTest {
    const std::string log = stack::setting("STATE") + "/log/worker.log";
    const std::string settings = stack::setting("STATE") + "/stack.env";

    /// Its line has more than that.
    static Answer ask() { return get("/v1/" + std::string(900, 'x')); }
    static constexpr std::size_t kLineBytes = 1100;

    static void workers(const std::string& action) { stack::run_script("worker/stack/processes", action); }

    void start_workers() {
        workers("stop");
        std::ofstream{settings, std::ios::app} << "STACK_WORKER_OPTIONS='--log-level debug'\n";
        workers("start");
        ASSERT_TRUE(comes_true([] { return get(kTodos).status == 200; }));
        ASSERT_THAT(stack::workers(), SizeIs(2));
    }

    void SetUp() override {
        ApiTest::SetUp();
        settings_before_ = read_file(settings);
        std::filesystem::rename(log, log + ".before");
    }
    void TearDown() override {
        if (settings_before_.empty()) return;
        workers("stop");
        std::ofstream{settings} << settings_before_;
        std::filesystem::remove(log);
        std::filesystem::rename(log + ".before", log);
        workers("start");
        EXPECT_TRUE(comes_true([] { return get(kTodos).status == 200; }));
        EXPECT_THAT(stack::workers(), SizeIs(2));
    }

    /// Asks so many times and expects each to be answered; returns the longest time that one took.
    static std::chrono::milliseconds ask_many(std::size_t requests) {
        Clock::duration longest{};
        std::size_t answered = 0;
        for (std::size_t i = 0; i < requests; ++i) {
            const Clock::time_point start = Clock::now();
            const Answer answer = ask();
            longest = std::max(longest, Clock::now() - start);
            answered += answer.status == 404 ? 1U : 0U;
        }
        EXPECT_EQ(answered, requests);
        EXPECT_LT(longest, std::chrono::seconds{5}) << "the time for one request";
        EXPECT_THAT(post(kTodos, R"({"title":"kept all the same"})"), Answers(201));
        EXPECT_THAT(get(kTodos), HasTodos(1));
        return std::chrono::duration_cast<std::chrono::milliseconds>(longest);
    }

private:
    std::string settings_before_;
};

// ---- A full disk

struct WorkersLogOnAFullDisk : WorkersLog {
    static constexpr std::size_t kRequests = 500;
    static constexpr std::size_t kDiskLines = std::size_t{256} * 1024 / kLineBytes;

    const std::string disk = stack::setting("STATE") + "/log/disk";

    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "only root mounts a small disk";
        std::filesystem::create_directory(disk);
        try {
            stack::run("mount -t tmpfs -o size=256k,mode=755 log '" + disk + "'");
        } catch (const std::runtime_error& error) {
            GTEST_SKIP() << "there can be no small disk: " << error.what();
        }
        is_mounted_ = true;
        WorkersLog::SetUp();
        std::filesystem::create_symlink(disk + "/worker.log", log);
        start_workers();
    }
    void TearDown() override {
        WorkersLog::TearDown();
        if (is_mounted_) stack::run("umount '" + disk + "'");
        std::filesystem::remove(disk);
    }

private:
    bool is_mounted_ = false;
};

TEST_F(WorkersLogOnAFullDisk, LosesLinesAndNoRequest) {
    const auto longest = ask_many(kRequests);
    ASSERT_TRUE(comes_true([] { return lines_lost() >= kRequests - kDiskLines; })) << lines_lost() << " lost";

    stack::run("mount -o remount,size=8m '" + disk + "'");
    int more = 0;
    // A worker says it with its next line: each of them gets one sooner or later.
    const bool said = comes_true([&] {
        EXPECT_THAT(get(kTodos), Answers(200));
        ++more;
        return LogText{read_file(log)}.lost == lines_lost();
    });

    const LogText text{read_file(log)};
    std::cout << "# " << kRequests << " requests with a full disk, the slowest took " << longest.count() << " ms; "
              << text.lost << " lines lost; " << more << " requests later both workers had said so\n";
    EXPECT_TRUE(said) << "the log tells of " << text.lost << " lost lines, the workers of " << lines_lost();
    EXPECT_GE(text.requests + text.lost, kRequests) << "lines or a word about each";
    EXPECT_LE(text.torn, 2U) << "at most one of each worker was cut short:\n" << text.torn_lines;
}

// ---- Nobody reads

struct WorkersLogThatNobodyReads : WorkersLog {
    static constexpr std::size_t kRequests = 2500;
    static_assert(kRequests * kLineBytes > 2 * (std::size_t{1} << 20U) + 65536, "more than two queues and a pipe hold");

    void SetUp() override {
        WorkersLog::SetUp();
        ASSERT_EQ(mkfifo(log.c_str(), 0600), 0);
        reader =
            open(log.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);  // Both, so that who opens it to write need not wait
        ASSERT_GE(reader, 0);
        start_workers();
    }
    void TearDown() override {
        if (reader >= 0) close(reader);
        WorkersLog::TearDown();
    }

    /// Adds what has come meanwhile.
    void read_on(std::string& text) const {
        std::array<char, 65536> chunk{};
        for (ssize_t count = 0; (count = read(reader, chunk.data(), chunk.size())) > 0;) {
            text.append(chunk.data(), static_cast<std::size_t>(count));
        }
    }

    int reader = -1;
};

TEST_F(WorkersLogThatNobodyReads, HoldsUpNoRequest) {
    const auto longest = ask_many(kRequests);
    const std::size_t lost = lines_lost();
    EXPECT_GT(lost, 0U) << "the pipe and the queues were not full";

    std::string text;
    EXPECT_TRUE(comes_true([&] {
        read_on(text);
        return LogText{text}.lost >= lost;
    })) << "the log tells of "
        << LogText{text}.lost << " lost lines, the workers of " << lost;
    EXPECT_THAT(get("/v1/todos", {{"X-Request-Id", "when-it-was-read-again"}}), Answers(200));
    EXPECT_TRUE(comes_true([&] {
        read_on(text);
        return text.find("when-it-was-read-again") != std::string::npos;
    })) << "logging did not resume";

    const LogText all{text};
    std::cout << "# " << kRequests << " requests while nobody read, the slowest took " << longest.count() << " ms; "
              << all.lost << " lines lost, " << all.requests << " read\n";
    EXPECT_EQ(all.lost, lines_lost());
    EXPECT_GE(all.requests + all.lost, kRequests) << "lines or a word about each";
    EXPECT_EQ(all.torn, 0U) << "lines of two workers have mixed:\n" << all.torn_lines;
}

}  // namespace
}  // namespace api
