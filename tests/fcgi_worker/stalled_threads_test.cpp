/// Threads that stand still without a word, and descriptors that another process has a copy of: the others go on.
#include <fcgi_worker/server.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <future>
#include <list>
#include <string>
#include <system_error>
#include <thread>

#include "fastcgi_client.hpp"
#include "limited_memory.hpp"
#include "running_server.hpp"
#include "temporary_folder.hpp"

namespace fcgi_worker {
namespace {

using fastcgi_client::ask;
using fastcgi_client::ask_again;
using fastcgi_client::Connection;
using fastcgi_client::keeping;
using fastcgi_client::request;

constexpr std::size_t kThreads = 6;

/// A server whose threads are awake in such a number.
class AwakeThreads : public testing::TestWithParam<std::size_t> {
protected:
    [[nodiscard]] static ServerOptions options() { return {.threads = kThreads, .awake_threads = GetParam()}; }

    /// Sends it to all threads but one, which stand still by then.
    static void hold(const Running& running, std::list<Connection>& held, const std::string& bytes) {
        while (held.size() + 1 < kThreads) {
            held.emplace_back(running.path()).send(bytes);
            ASSERT_TRUE(comes_true([&] { return running.counts().busy_threads == held.size(); })) << held.size();
        }
    }
};

TEST_P(AwakeThreads, AreOthersWherePeersStandStillInTheMiddleOfTheirRequests) {
    Running running{echo, options()};
    std::list<Connection> held;
    hold(running, held, request("POST", "/half", "body").substr(0, 40));
    EXPECT_EQ(ask(running.path(), request("GET", "/whole")).body, "GET /whole ");
    EXPECT_TRUE(comes_true([&] { return running.counts().busy_threads == kThreads - 1; })) << "they stand still yet";
}

TEST_P(AwakeThreads, AreOthersWhereHandlersTakeTheirTimeAndSayNothing) {
    std::promise<void> release;
    const std::shared_future<void> released = release.get_future().share();
    Running running{[&](const Request& r) {
                        if (r.path == "/slow") released.wait_for(kPatience);
                        return Response{200, {}, r.path};
                    },
                    options()};
    std::list<Connection> held;
    hold(running, held, request("GET", "/slow"));
    EXPECT_EQ(ask(running.path(), request("GET", "/quick")).body, "/quick");
    release.set_value();
    for (const Connection& connection : held) EXPECT_EQ(connection.receive_answer().body, "/slow");
    EXPECT_EQ(ask(running.path(), request("GET", "/quick")).body, "/quick") << "as before";
}

INSTANTIATE_TEST_SUITE_P(Server, AwakeThreads, testing::Values(0, 1, 3), testing::PrintToStringParamName{});

// ---- Copies of descriptors

class NumberOfThreads : public testing::TestWithParam<std::size_t> {};

/// As it has while a program is being started, until that is there.
TEST_P(NumberOfThreads, LetGoOfAConnectionThatAnotherProcessHasACopyOf) {
    Running running{echo, {.threads = GetParam()}};
    const Connection connection{running.path()};
    ASSERT_EQ(ask_again(connection, "/once"), "GET /once ");

    const pid_t starting = fork();
    if (starting == 0) {
        sleep(60);
        _exit(0);
    }
    connection.close_early();
    ASSERT_TRUE(comes_true([&] { return running.counts().connections == 0; }));
    EXPECT_EQ(ask(running.path(), request("GET", "/next")).body, "GET /next ");
    kill(starting, SIGKILL);
    waitpid(starting, nullptr, 0);
}

INSTANTIATE_TEST_SUITE_P(Of, NumberOfThreads, testing::Values(1, 4), testing::PrintToStringParamName{});

// ---- The beginning and the end

TEST(ServerDeathTest, SaysThatThereAreNotAsManyThreadsAndDoesNotWaitForThem) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer needs more addresses than may be left here";
#endif
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto run = [](std::size_t awake) {
        alarm(20);
        const TemporaryFolder folder;
        Server server{ListenSocket::open("unix:" + (folder / "s")), echo, {.threads = 64, .awake_threads = awake}};
        leave_room_for(std::size_t{64} << 20U);  // the stacks of a few threads
        try {
            server.run();
        } catch (const std::system_error&) {
            std::_Exit(7);
        }
    };
    EXPECT_EXIT(run(0), testing::ExitedWithCode(7), "");
    EXPECT_EXIT(run(3), testing::ExitedWithCode(7), "");
}

TEST_P(NumberOfThreads, AnswerAllThatWaitsInTheQueueOfTheirOwnSocketAtTheEnd) {
    constexpr std::size_t kQueued = 300;
    const TemporaryFolder folder;
    const std::string path = folder / "s";
    Server server{ListenSocket::open("unix:" + path), echo, {.threads = GetParam()}};
    std::deque<Connection> queued;
    while (queued.size() < kQueued) queued.emplace_back(path).send(request("GET", "/queued"));
    server.stop();
    std::thread runner{[&] { server.run(); }};
    for (const Connection& connection : queued) ASSERT_EQ(connection.receive_answer().body, "GET /queued ");
    runner.join();
}

}  // namespace
}  // namespace fcgi_worker
