/// Signals belong to the program that embeds a server: their handlers and masks stay as they are.
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include "fastcgi_client.hpp"
#include "running_server.hpp"

namespace fcgi_worker {
namespace {

using fastcgi_client::ask;
using fastcgi_client::request;

extern "C" void host_handler(int /*signal*/) {}

/// In a process of its own: libfcgi is made ready once a process, and that is when it takes signals.
void serve_and_compare_dispositions(void (*disposition)(int)) {
    constexpr std::array<int, 6> kSignals{SIGPIPE, SIGUSR1, SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    struct sigaction wanted {};
    wanted.sa_handler = disposition;
    sigset_t mask_before;
    for (const int signal : kSignals) sigaction(signal, &wanted, nullptr);
    pthread_sigmask(SIG_SETMASK, nullptr, &mask_before);
    {
        Running running{echo};
        if (ask(running.path(), request("GET", "/")).status != 200) std::_Exit(2);
    }
    for (const int signal : kSignals) {
        struct sigaction now {};
        sigaction(signal, nullptr, &now);
        if (now.sa_handler != disposition) std::_Exit(3);
    }
    sigset_t mask_now;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask_now);
    for (const int signal : kSignals) {
        if (sigismember(&mask_now, signal) != sigismember(&mask_before, signal)) std::_Exit(4);
    }
    std::_Exit(0);
}

TEST(ServerDeathTest, LeavesTheProgramsSignalsAlone) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(serve_and_compare_dispositions(SIG_DFL), testing::ExitedWithCode(0), "");
    EXPECT_EXIT(serve_and_compare_dispositions(SIG_IGN), testing::ExitedWithCode(0), "");
    EXPECT_EXIT(serve_and_compare_dispositions(host_handler), testing::ExitedWithCode(0), "");
}

TEST(ServerDeathTest, HandsSignalsToTheProgramsThreads) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto terminated_while_it_serves = [] {
        sigset_t terminate;
        sigemptyset(&terminate);
        sigaddset(&terminate, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &terminate, nullptr);
        bool still_serves = false;
        {
            Running running{echo};
            ask(running.path(), request("GET", "/"));
            kill(getpid(), SIGTERM);
            int received = 0;
            sigwait(&terminate, &received);
            still_serves = received == SIGTERM && ask(running.path(), request("GET", "/")).status == 200;
        }
        std::_Exit(still_serves ? 0 : 2);
    };
    EXPECT_EXIT(terminated_while_it_serves(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace fcgi_worker
