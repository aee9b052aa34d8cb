#include "program.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace todo {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::ThrowsMessage;

constexpr milliseconds kPatience{20'000};

struct RunProgram : testing::Test {
    RunProgram() {
        std::string name = "/tmp/program_test.XXXXXX";
        folder = mkdtemp(name.data());
    }
    ~RunProgram() override { std::filesystem::remove_all(folder); }
    RunProgram(const RunProgram&) = delete;
    RunProgram& operator=(const RunProgram&) = delete;

    /// What a script printed into $0.
    std::string output_of(const std::string& script, std::string_view input = {}) const {
        run_program({"/bin/sh", "-c", script, folder + "/out"}, input, kPatience);
        std::ifstream file{folder + "/out"};
        return {std::istreambuf_iterator<char>{file}, {}};
    }
    static void run(const std::string& script, milliseconds timeout = kPatience) {
        run_program({"/bin/sh", "-c", script}, "", timeout);
    }

    std::string folder;
};

TEST_F(RunProgram, GivesItItsArgumentsAsTheyAre) {
    run_program({"/bin/sh", "-c", R"(printf '%s|' "$@" >"$0")", folder + "/out", "-f", "a b", "$(reboot)", "", "'"}, "",
                kPatience);
    std::ifstream file{folder + "/out"};
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>{file}, {}), "-f|a b|$(reboot)||'|");
}

TEST_F(RunProgram, GivesItTheWholeInput) {
    std::string megabyte(1 << 20, 'x');
    megabyte[7] = '\0';
    EXPECT_EQ(output_of(R"(cat >"$0")", megabyte), megabyte);
    EXPECT_EQ(output_of(R"(cat >"$0")"), "");
}

TEST_F(RunProgram, NeedsNobodyToReadTheInput) { run_program({"/bin/true"}, std::string(1 << 20, 'x'), kPatience); }

TEST_F(RunProgram, LeavesItNoDescriptorAndNoSecret) {
    setenv("TODO_DATABASE", "password=secret", 1);  // NOLINT(concurrency-mt-unsafe): no other thread
    // The one beside the standard streams is the directory that ls reads.
    EXPECT_EQ(output_of(R"(ls /proc/self/fd | tr '\n' ' ' >"$0")"), "0 1 2 3 ");
    EXPECT_THAT(output_of(R"(env >"$0")"), AllOf(HasSubstr("PATH="), Not(HasSubstr("secret"))));
    unsetenv("TODO_DATABASE");  // NOLINT(concurrency-mt-unsafe)
}

TEST_F(RunProgram, LetsSignalsThroughToIt) {
    auto* const before = std::signal(SIGPIPE, SIG_IGN);
    std::string blocked;
    std::thread{[&] {
        sigset_t all{};
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);
        blocked = output_of(R"(grep -h 'Sig[BI]' /proc/self/status >"$0")");
    }}.join();
    EXPECT_NE(std::signal(SIGPIPE, before), SIG_ERR);
    // 32 and 33 are the C library's own: nobody may set them, and a program has them as its parent has.
    EXPECT_THAT(blocked, MatchesRegex("SigBlk:\t0{16}\nSigIgn:\t0{7}[01][08]0{7}\n"));
}

TEST_F(RunProgram, SaysWhatWentWrong) {
    EXPECT_THAT([] { run("exit 75"); }, ThrowsMessage<std::runtime_error>("it ended with exit code 75"));
    EXPECT_THAT([] { run("echo no host >&2; echo try later; exit 1"); },
                ThrowsMessage<std::runtime_error>("it ended with exit code 1 and said: no host try later"));
    EXPECT_THAT([] { run("kill -TERM $$"); }, ThrowsMessage<std::runtime_error>("it was ended by signal 15"));
    EXPECT_THAT([] { run("head -c 100000 /dev/zero | tr '\\0' x; exit 1"); },
                ThrowsMessage<std::runtime_error>(testing::SizeIs(testing::Lt(400))));
    EXPECT_THAT([] { run_program({"/no/such/program"}, "", kPatience); },
                ThrowsMessage<std::runtime_error>("it cannot be started: No such file or directory"));
}

TEST_F(RunProgram, KillsItWithItsChildrenWhenItTakesTooLong) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THAT([&] { run("sleep 600 & echo $! >" + folder + "/child; wait", milliseconds{300}); },
                ThrowsMessage<std::runtime_error>("it had not ended after 300 ms"));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, kPatience);
    int child = 0;
    std::ifstream{folder + "/child"} >> child;
    ASSERT_GT(child, 0);
    const auto latest = std::chrono::steady_clock::now() + kPatience;
    // An orphan that was killed is gone once its new parent has looked: until then it is a zombie.
    const auto is_gone = [&] {
        std::ifstream file{"/proc/" + std::to_string(child) + "/stat"};
        std::string stat;
        std::getline(file, stat);
        return stat.empty() || stat.find(") Z ") != std::string::npos;
    };
    while (!is_gone() && std::chrono::steady_clock::now() < latest) std::this_thread::sleep_for(milliseconds{10});
    EXPECT_TRUE(is_gone());
}

}  // namespace
}  // namespace todo
