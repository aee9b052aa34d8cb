/// Connections: kept, idle, too many, abandoned, and let go when a server stops.
#include <fcgi_worker/server.hpp>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "fastcgi_client.hpp"
#include "running_server.hpp"
#include "temporary_folder.hpp"

namespace fcgi_worker {
namespace {

using fastcgi_client::ask;
using fastcgi_client::ask_again;
using fastcgi_client::Connection;
using fastcgi_client::keeping;
using fastcgi_client::request;
using std::chrono::milliseconds;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kIdle = 400;
constexpr int kRestarts = 5;
#else
constexpr std::size_t kIdle = 3200;  // 200 nginx processes that keep 16 each
constexpr int kRestarts = 20;
#endif

/// As many descriptors as this process may have.
void raise_descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// ---- Kept connections

TEST(KeptConnection, ServesOneRequestAfterTheOther) {
    Running running{echo};
    const Connection connection{running.path()};
    for (const char* path : {"/1", "/2", "/3"}) {
        EXPECT_EQ(ask_again(connection, path), std::string{"GET "} + path + ' ');
    }
    EXPECT_EQ(running.counts().accepted_connections, 1U);
    EXPECT_TRUE(comes_true([&] { return running.counts().requests == 3; }));
}

TEST(KeptConnection, IsClosedWhenTheWebServerAsksForThat) {
    Running running{echo};
    const Connection connection{running.path()};
    EXPECT_EQ(ask_again(connection, "/1"), "GET /1 ");
    connection.send(request("GET", "/2"));
    EXPECT_EQ(connection.receive_answer().body, "GET /2 ");  // reads until it is closed
    EXPECT_TRUE(comes_true([&] { return running.counts().connections == 0; }));
}

TEST(KeptConnection, CostsNoThreadWhileItIsIdle) {
    raise_descriptor_limit();
    Running running{echo, {.threads = 2}};
    std::deque<Connection> idle;
    while (idle.size() < kIdle) {
        ASSERT_EQ(ask_again(idle.emplace_back(running.path()), "/"), "GET / ");
    }
    ASSERT_GE(running.counts().connections, kIdle);

    const Clock::time_point start = Clock::now();
    EXPECT_EQ(ask(running.path(), request("GET", "/new")).body, "GET /new ");
    EXPECT_EQ(ask_again(idle.front(), "/old"), "GET /old ");
    EXPECT_EQ(ask_again(idle.back(), "/old"), "GET /old ");
    EXPECT_LT(Clock::now() - start, std::chrono::seconds{1});
    EXPECT_EQ(running.counts().accepted_connections, kIdle + 1);
}

TEST(KeptConnection, CostsNoThreadBeforeItsFirstRequest) {
    Running running{echo, {.threads = 1}};
    const std::array<Connection, 3> silent{Connection{running.path()}, Connection{running.path()},
                                           Connection{running.path()}};
    EXPECT_EQ(ask(running.path(), request("GET", "/")).status, 200);
    EXPECT_EQ(ask_again(silent[1], "/late"), "GET /late ");
}

TEST(KeptConnection, IsGivenUpAfterALongSilence) {
    Running running{echo, {.threads = 1, .idle_timeout = milliseconds{200}}};
    const Connection fresh{running.path()};
    const Connection used{running.path()};
    EXPECT_EQ(ask_again(used, "/"), "GET / ");
    EXPECT_EQ(fresh.receive(), "");
    EXPECT_EQ(used.receive(), "");
    EXPECT_EQ(running.counts().broken_connections, 0U);
}

TEST(KeptConnection, WorksOverTcp) {
    ListenSocket socket = ListenSocket::open("127.0.0.1:0");
    const int listening = socket.descriptor();
    Server server{std::move(socket), echo, {.threads = 2}};
    std::thread runner{[&] { server.run(); }};
    const Connection connection{listening};
    EXPECT_EQ(ask_again(connection, "/1"), "GET /1 ");
    EXPECT_EQ(ask_again(connection, "/2"), "GET /2 ");
    server.stop();
    connection.close_early();
    runner.join();
}

// ---- Too many

TEST(Connections, BeyondTheLimitWaitUntilSomeAreClosed) {
    Running running{echo, {.threads = 1, .connections = 2}};
    std::deque<Connection> first;
    for (int i = 0; i < 3; ++i) {  // as many as the limit, and at most as many more as there are threads
        EXPECT_EQ(ask_again(first.emplace_back(running.path()), "/"), "GET / ");
        if (running.counts().accepted_connections >= 2) break;
    }
    std::deque<Connection> waiting;
    for (int i = 0; i < 3; ++i) waiting.emplace_back(running.path()).send(keeping(request("GET", "/waited")));
    EXPECT_EQ(ask_again(first.front(), "/"), "GET / ") << "those that are there are served";
    EXPECT_LE(running.counts().connections, 3U);
    first.clear();
    for (const Connection& connection : waiting) {
        EXPECT_EQ(connection.receive_kept_answer().body, "GET /waited ");
        connection.close_early();
    }
}

TEST(Connections, AreServedAfterTheQueueWasFull) {
    const TemporaryFolder folder;
    Server server{ListenSocket::open("unix:" + (folder / "s"), {.backlog = 2}), echo, {.threads = 2}};
    std::deque<Connection> queued;
    for (int i = 0; i < 3; ++i) queued.emplace_back(folder / "s").send(request("GET", "/"));  // two, and one more
    EXPECT_FALSE(fastcgi_client::can_connect(folder / "s"));

    std::thread runner{[&] { server.run(); }};
    for (const Connection& connection : queued) EXPECT_EQ(connection.receive_answer().status, 200);
    EXPECT_EQ(ask(folder / "s", request("GET", "/")).status, 200);
    server.stop();
    runner.join();
}

TEST(Connections, AreServedWhileThereIsNoDescriptorForAnother) {
    Running running{echo, {.threads = 2}};
    const Connection kept{running.path()};
    ASSERT_EQ(ask_again(kept, "/"), "GET / ");
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int lowest_free = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest_free);
    const rlimit tight{static_cast<rlim_t>(lowest_free) + 1, before.rlim_max};  // one more: the client's own
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
    Connection refused{running.path()};
    refused.send(request("GET", "/"));
    EXPECT_TRUE(running.journal.await("cannot accept a connection"));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(ask_again(kept, "/"), "GET / ") << "no thread waits for a descriptor";
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(refused.receive_answer().status, 200);
    EXPECT_GE(running.counts().accept_errors, 1U);
}

TEST(Connections, ThatAreGivenUpWhileTheyWaitCostTheHandlerNothing) {
    std::atomic<int> calls = 0;
    std::promise<void> entered;
    std::promise<void> leave;
    Running running{[&](const Request& r) {
                        ++calls;
                        if (r.path == "/first") {
                            entered.set_value();
                            leave.get_future().wait_for(kPatience);
                        }
                        return Response{};
                    },
                    {.threads = 1}};
    const Connection first{running.path()};
    auto gone = std::make_unique<Connection>(running.path());
    EXPECT_EQ(ask_again(*gone, "/"), "");  // it is in the epoll now
    first.send(keeping(request("GET", "/first")));
    ASSERT_EQ(entered.get_future().wait_for(kPatience), std::future_status::ready);
    gone->send(keeping(request("POST", "/gone", "body")));
    gone.reset();
    leave.set_value();
    EXPECT_EQ(first.receive_kept_answer().status, 200);
    EXPECT_TRUE(comes_true([&] { return running.counts().abandoned_requests == 1; }));
    EXPECT_EQ(calls, 2);
}

TEST(Connections, SentDropByDropMeetTheTimeOut) {
    Running running{echo, {.threads = 1, .io_timeout = milliseconds{300}}};
    const Connection slow{running.path()};
    std::string bytes = request("POST", "/", std::string(4000, 'x'));
    const std::size_t head = bytes.size() - 4000;
    slow.send(std::string_view{bytes}.substr(0, head));
    const Deadline deadline = Clock::now() + kPatience;
    while (slow.try_send("x") && Clock::now() < deadline) std::this_thread::sleep_for(milliseconds{20});
    EXPECT_LT(Clock::now(), deadline) << "it is still read";
    EXPECT_EQ(ask(running.path(), request("GET", "/")).status, 200);
}

// ---- Stopping

TEST(StoppingServer, ServesTheConnectionsItHasUntilTheWebServerClosesThem) {
    Running running{echo};
    auto kept = std::make_unique<Connection>(running.path());
    auto fresh = std::make_unique<Connection>(running.path());
    EXPECT_EQ(ask_again(*kept, "/before"), "GET /before ");
    ASSERT_TRUE(comes_true([&] { return running.counts().accepted_connections == 2; }));
    running.server().stop();
    running.server().stop();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(ask_again(*kept, "/after"), "GET /after ");
    EXPECT_EQ(ask_again(*fresh, "/after"), "GET /after ");
    kept.reset();
    fresh.reset();
    running.stop_and_wait();
    EXPECT_EQ(running.counts().connections, 0U);
    EXPECT_EQ(running.counts().broken_connections, 0U);
}

TEST(StoppingServer, WaitsNoLongerThanItsTimeToDrain) {
    Running running{echo, {.threads = 2, .request_budget = milliseconds{100}, .drain_timeout = milliseconds{300}}};
    const Connection kept{running.path()};
    const Connection fresh{running.path()};
    EXPECT_EQ(ask_again(kept, "/"), "GET / ");
    const Clock::time_point start = Clock::now();
    running.stop_and_wait();
    EXPECT_GE(Clock::now() - start, milliseconds{250});
    EXPECT_LT(Clock::now() - start, std::chrono::seconds{10});
    EXPECT_EQ(kept.receive(), "");
    EXPECT_EQ(fresh.receive(), "");
}

TEST(StoppingServer, AnswersWhatItWasWokenFor) {
    const TemporaryFolder folder;
    Server server{ListenSocket::open("unix:" + (folder / "s")), echo, {.threads = 2}};
    const Connection connection{folder / "s"};
    connection.send(request("GET", "/"));
    server.stop();
    server.run();
    EXPECT_EQ(connection.receive_answer().status, 200);
}

TEST(StoppingServer, RefusesNewConnectionsAtOnceWhereTheSocketIsItsOwn) {
    Running running{echo};
    const Connection kept{running.path()};
    EXPECT_EQ(ask_again(kept, "/"), "GET / ");
    running.server().stop();
    EXPECT_TRUE(comes_true([&] { return !fastcgi_client::can_connect(running.path()); }));
    EXPECT_NO_THROW((void)ListenSocket::open("unix:" + running.path())) << "the address is free for the next process";
    EXPECT_EQ(ask_again(kept, "/still"), "GET /still ");
    kept.close_early();
}

/// Servers on one socket, as processes of a host have it.
struct SharedSocket : testing::Test {
    TemporaryFolder folder;
    const std::string path = folder / "s";
    ListenSocket socket = ListenSocket::open("unix:" + path);

    /// One that runs until it is destroyed.
    class Process {
    public:
        Process(int listening, const std::string& name)
            : server_(ListenSocket::inherit(dup(listening)),
                      [name](const Request&) {
                          return Response{200, {}, name};
                      },
                      {.threads = 3}),
              runner_([this] { server_.run(); }) {}
        Process(const Process&) = delete;
        Process& operator=(const Process&) = delete;
        ~Process() {
            server_.stop();
            runner_.join();
        }
        [[nodiscard]] Server& server() { return server_; }

    private:
        Server server_;
        std::thread runner_;
    };
    [[nodiscard]] std::unique_ptr<Process> process(const std::string& name) const {
        return std::make_unique<Process>(socket.descriptor(), name);
    }
};

TEST_F(SharedSocket, IsServedByTheOthersWhileOneStops) {
    auto leaving = process("leaving");
    const Connection kept{path};
    EXPECT_EQ(ask_again(kept, "/"), "leaving");
    const auto staying = process("staying");
    leaving->server().stop();
    ASSERT_TRUE(comes_true([&] { return ask(path, request("GET", "/")).body == "staying"; }));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(path, request("GET", "/")).body, "staying");
    EXPECT_EQ(ask_again(kept, "/"), "leaving");
    kept.close_early();
    leaving.reset();
    EXPECT_EQ(ask(path, request("GET", "/")).body, "staying");
}

TEST_F(SharedSocket, GivesEachProcessItsShareOfTheConnections) {
    const auto one = process("one");
    const auto two = process("two");
    // Both wait for connections, once each has had one.
    for (const char* name : {"one", "two"}) {
        ASSERT_TRUE(comes_true([&] { return ask(path, request("GET", "/")).body == name; }));
    }
    std::deque<Connection> connections;
    int of_one = 0;
    while (connections.size() < 100) {
        if (ask_again(connections.emplace_back(path), "/") == "one") ++of_one;
    }
    // Who does not wait when its turn comes is passed over: with TSan, on a busy machine, 29 of 40 were one's.
    EXPECT_NEAR(of_one, 50, 35);
}

TEST_F(SharedSocket, WakesAnIdleProcessWhenAnotherIsFull) {
    Server full{ListenSocket::inherit(dup(socket.descriptor())),
                [](const Request&) {
                    return Response{200, {}, "full"};
                },
                {.threads = 2, .connections = 1}};
    std::thread runner{[&] { full.run(); }};
    const Connection kept{path};
    EXPECT_EQ(ask_again(kept, "/"), "full");
    const auto idle = process("idle");
    for (int i = 0; i < 5; ++i) {
        const auto start = Clock::now();
        EXPECT_EQ(ask(path, request("GET", "/")).status, 200);
        EXPECT_LT(Clock::now() - start, std::chrono::seconds{2}) << "nobody was woken";
    }
    full.stop();
    kept.close_early();
    runner.join();
}

TEST_F(SharedSocket, LosesNoRequestWhileServersAreReplaced) {
    std::atomic<bool> stopping = false;
    std::atomic<int> good = 0;
    std::atomic<int> bad = 0;
    // As nginx does it: a connection is used for a while, and closed between two requests.
    const auto client = [&] {
        while (!stopping) {
            const Connection connection{path};
            const Deadline let_go = Clock::now() + milliseconds{20};
            while (Clock::now() < let_go) {
                connection.send(keeping(request("POST", "/", "body")));
                ++(connection.receive_kept_answer().status == 200 ? good : bad);
            }
        }
    };
    auto one = process("one");
    auto two = process("two");
    std::array<std::thread, 4> clients;
    for (std::thread& thread : clients) thread = std::thread{client};
    for (int i = 0; i < kRestarts; ++i) {
        one = process("one");  // the new one is there before the old one has gone
        two = process("two");
    }
    stopping = true;
    for (std::thread& thread : clients) thread.join();
    EXPECT_EQ(bad, 0);
    EXPECT_GT(good, kRestarts);
}

}  // namespace
}  // namespace fcgi_worker
