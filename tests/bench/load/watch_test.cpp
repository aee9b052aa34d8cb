/// What /proc tells of a process, its children and the machine.
#include "watch.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "../../patience.hpp"

namespace load {
namespace {

constexpr std::size_t kMebibyte = 1U << 20U;

/// What a child of ours does, and then it waits until it is ended.
class Child {
public:
    template <typename Work>
    explicit Child(Work work) {
        int ready[2];
        if (pipe(ready) != 0) throw std::runtime_error("pipe");
        process_ = fork();
        if (process_ == 0) {
            work();
            const char done = 1;
            if (write(ready[1], &done, 1) == 1) pause();
            _exit(0);
        }
        close(ready[1]);
        char done = 0;
        is_ready = read(ready[0], &done, 1) == 1;
        close(ready[0]);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() { end(); }

    void end() {
        if (process_ <= 0) return;
        kill(process_, SIGKILL);
        waitpid(process_, nullptr, 0);
        process_ = 0;
    }
    [[nodiscard]] pid_t process() const { return process_; }

    bool is_ready = false;

private:
    pid_t process_ = 0;
};

/// 200 ms of processor time: twenty of the kernel's ticks.
void work_hard() {
    const std::clock_t end = std::clock() + CLOCKS_PER_SEC / 5;
    while (std::clock() < end) {
    }
}

/// 64 MiB that nobody shares.
void take_memory() {
    void* const memory =
        mmap(nullptr, 64 * kMebibyte, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) _exit(1);
}

struct ARole : testing::Test {
    const Role ours{"test", getpid()};
};

TEST_F(ARole, IsANameAndAProcess) {
    const Role role = parse_role("nginx=" + std::to_string(getpid()));
    EXPECT_EQ(role.name, "nginx");
    EXPECT_EQ(role.parent, getpid());
}

struct WhatIsNoRole : testing::TestWithParam<const char*> {};

TEST_P(WhatIsNoRole, IsRefused) { EXPECT_THROW((void)parse_role(GetParam()), std::invalid_argument); }

INSTANTIATE_TEST_SUITE_P(Text, WhatIsNoRole,
                         testing::Values("", "nginx", "nginx=", "=1", "nginx=x", "nginx=1x", "nginx=-1", "nginx=0",
                                         "nginx=99999999999", "nginx=2147483647"));

TEST_F(ARole, IsRefusedWhenItsProcessHasEnded) {
    Child child{[] {}};
    const std::string text = "gone=" + std::to_string(child.process());
    child.end();
    EXPECT_THROW((void)parse_role(text), std::invalid_argument);
}

TEST_F(ARole, CountsItsProcessorTime) {
    const std::uint64_t before = Processes{}.time_us(ours);
    work_hard();
    EXPECT_GE(Processes{}.time_us(ours) - before, 150'000U);
}

TEST_F(ARole, CountsTheTimeOfItsChildren) {
    const std::uint64_t before = Processes{}.time_us(ours);
    const Child child{work_hard};
    ASSERT_TRUE(child.is_ready);
    EXPECT_GE(Processes{}.time_us(ours) - before, 150'000U);
}

TEST_F(ARole, CountsTheTimeOfAChildThatHasEnded) {
    Child child{work_hard};
    ASSERT_TRUE(child.is_ready);
    const std::uint64_t before = Processes{}.time_us(ours);
    child.end();
    EXPECT_NEAR(static_cast<double>(Processes{}.time_us(ours)), static_cast<double>(before), 100'000);
}

TEST_F(ARole, CountsTheMemoryOfItsChildren) {
    const std::uint64_t before = Processes{}.resident_kib(ours);
    const Child child{take_memory};
    ASSERT_TRUE(child.is_ready);
    EXPECT_GE(Processes{}.resident_kib(ours), before + 61'440);
}

TEST_F(ARole, CountsNothingWhenItsProcessHasEnded) {
    Child child{take_memory};
    const Role role{"gone", child.process()};
    child.end();
    EXPECT_EQ(Processes{}.resident_kib(role), 0U);
    EXPECT_EQ(Processes{}.time_us(role), 0U);
}

struct TheMachine : testing::Test {};

TEST_F(TheMachine, HasMemory) {
    const MachineMemory memory = machine_memory();
    EXPECT_GT(memory.available, 0U);
    EXPECT_GT(memory.slab, 0U);
    EXPECT_LT(memory.proc_slab, memory.slab);
    EXPECT_GT(memory.page_tables, 0U);
}

TEST_F(TheMachine, KeepsAnObjectForEachDescriptorThatSomebodyListed) {
    if (geteuid() != 0) GTEST_SKIP() << "only root may read /proc/slabinfo";
    Child child{[] {
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        for (int n = 0; n < 15000; ++n) (void)dup(0);
    }};
    ASSERT_TRUE(child.is_ready);
    // Who listed other processes has left objects that are free, and would be taken first.
    std::ofstream{"/sys/kernel/slab/proc_inode_cache/shrink"} << 1;
    const std::uint64_t before = machine_memory().proc_slab;
    const std::filesystem::path descriptors = "/proc/" + std::to_string(child.process()) + "/fd";
    std::size_t found = 0;
    for (const auto& entry : std::filesystem::directory_iterator{descriptors}) found += entry.is_symlink() ? 1 : 0;
    EXPECT_GE(found, 4000U);
    EXPECT_GT(machine_memory().proc_slab, before + 1000);
}

TEST_F(TheMachine, IsBusyWhileSomebodyWorks) {
    const std::uint64_t before = busy_time();
    work_hard();
    EXPECT_TRUE(comes_true([&] { return busy_time() - before >= 150'000U; }));
}

/// What others did on the other one counted, and more than all of one was busy.
TEST_F(TheMachine, IsThoseProcessorsThatTheLoadMayRunOn) {
    cpu_set_t all;
    ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    if (CPU_COUNT(&all) < 2) GTEST_SKIP() << "this machine has one processor";
    std::size_t first = 0;
    while (!CPU_ISSET(first, &all)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    const Child there{[&] {
        CPU_CLR(first, &all);
        sched_setaffinity(0, sizeof all, &all);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            work_hard();
            _exit(0);
        }
    }};
    sched_setaffinity(0, sizeof one, &one);
    const std::uint64_t before = busy_time();
    const auto begin = std::chrono::steady_clock::now();
    work_hard();
    const auto passed = std::chrono::steady_clock::now() - begin;
    const std::uint64_t busy = busy_time() - before;
    sched_setaffinity(0, sizeof all, &all);
    EXPECT_GE(busy, 150'000U);
    EXPECT_LE(busy, std::chrono::duration_cast<std::chrono::microseconds>(passed).count() + 30'000U) << "three ticks";
}

}  // namespace
}  // namespace load
