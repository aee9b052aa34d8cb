/// A peer that cuts requests short, sends garbage or does not read: the handler is not called, and no thread is lost.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "fastcgi_client.hpp"
#include "running_server.hpp"

namespace fcgi_worker {
namespace {

using fastcgi_client::ask;
using fastcgi_client::begin;
using fastcgi_client::Connection;
using fastcgi_client::encoded;
using fastcgi_client::records;
using fastcgi_client::request;
using fastcgi_client::stream;
using fastcgi_client::Type;
using std::chrono::milliseconds;

/// Counts how often its handler was called, and answers once more at the end.
struct MisbehavingPeer : testing::Test {
    std::atomic<int> calls = 0;
    Running running{[this](const Request&) { return ++calls, Response{}; },
                    {.threads = 2, .io_timeout = milliseconds{400}}};

    /// Sends the bytes and hangs up.
    void given(std::string_view bytes) const { Connection{running.path()}.send(bytes); }
    /// Sends the bytes and waits for the server to hang up.
    [[nodiscard]] std::string answer_to(std::string_view bytes) const {
        Connection connection{running.path()};
        connection.send(bytes);
        return connection.receive();
    }
    void expect_that_it_serves_on_after_calls(int expected) const {
        for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(running.path(), request("GET", "/")).status, 200);
        EXPECT_EQ(calls, expected + 4);
    }
};

TEST_F(MisbehavingPeer, DoesNotReachTheHandlerWithABodyCutShort) {
    const std::string whole = request("POST", "/", "0123456789");
    EXPECT_EQ(answer_to(request("POST", "/", "012345678", {{"CONTENT_LENGTH", "10"}})), "");
    EXPECT_EQ(answer_to(std::string_view{whole}.substr(0, whole.size() - 8)), "") << "no end of the body";
    expect_that_it_serves_on_after_calls(0);
    EXPECT_TRUE(comes_true([&] { return running.counts().broken_connections == 2; }));
}

TEST_F(MisbehavingPeer, DoesNotReachTheHandlerWithParametersCutShort) {
    const std::string head =
        begin() + records(Type::kParams, encoded({{"REQUEST_METHOD", "GET"}, {"REQUEST_URI", "/"}}));
    EXPECT_EQ(answer_to(head), "") << "silent at the border between two parameters";
    EXPECT_EQ(answer_to(std::string_view{head}.substr(0, head.size() - 3)), "");
    expect_that_it_serves_on_after_calls(0);
}

TEST_F(MisbehavingPeer, HoldsAThreadNoLongerThanTheTimeOut) {
    EXPECT_EQ(answer_to(begin()), "");
    EXPECT_EQ(answer_to(std::string_view{begin()}.substr(0, 3)), "");
    expect_that_it_serves_on_after_calls(0);
}

TEST_F(MisbehavingPeer, SendsABodyWithoutEnd) {
    Connection connection{running.path()};
    connection.send(begin() + stream(Type::kParams, encoded({{"REQUEST_METHOD", "PUT"}, {"REQUEST_URI", "/"}})));
    const std::string record = records(Type::kStdin, std::string(60'000, 'x'));
    const Deadline deadline = Clock::now() + kPatience;
    while (connection.try_send(record) && Clock::now() < deadline) {
    }
    EXPECT_LT(Clock::now(), deadline) << "it is still read";
    expect_that_it_serves_on_after_calls(0);
}

TEST_F(MisbehavingPeer, SendsGarbage) {
    std::uint32_t state = 1;
    for (int round = 0; round < 50; ++round) {
        std::string bytes;
        for (int i = 0; i < 500; ++i) bytes += static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U);
        EXPECT_EQ(answer_to(bytes), "");
    }
    given("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    given(std::string(100'000, '\0'));
    given(std::string(100'000, '\1'));
    expect_that_it_serves_on_after_calls(0);
}

TEST_F(MisbehavingPeer, SendsRecordsInNoOrder) {
    const std::string parameters = stream(Type::kParams, encoded({{"REQUEST_METHOD", "GET"}, {"REQUEST_URI", "/"}}));
    (void)answer_to(stream(Type::kStdin, "body"));
    (void)answer_to(parameters);
    (void)answer_to(begin() + stream(Type::kStdin, "body"));
    (void)answer_to(begin() + parameters + parameters);
    (void)answer_to(begin() + parameters + records(Type::kAbort, {}));
    (void)answer_to(begin(2) + parameters + stream(Type::kStdin, {}));
    (void)answer_to(begin(9) + parameters + stream(Type::kStdin, {}));
    expect_that_it_serves_on_after_calls(0);
}

TEST_F(MisbehavingPeer, IsGoneBeforeTheHandlerIsCalled) {
    Connection blocked{running.path()};
    Connection another{running.path()};
    blocked.send(begin());  // holds one of two threads until its time-out
    another.send(begin());  // and the other one
    given(request("GET", "/"));
    EXPECT_EQ(blocked.receive(), "");
    EXPECT_EQ(another.receive(), "");
    expect_that_it_serves_on_after_calls(0);
}

TEST(Server, SurvivesAPeerThatGoesInTheMiddleOfAnAnswer) {
    std::promise<void> entered;
    std::promise<void> gone;
    Running running{[&, is_first = std::make_shared<std::atomic<bool>>(true)](const Request&) {
        if (is_first->exchange(false)) {
            entered.set_value();
            gone.get_future().wait_for(kPatience);
        }
        return Response{200, {}, std::string(1'000'000, 'x')};
    }};
    {
        Connection connection{running.path()};
        connection.send(request("GET", "/"));
        ASSERT_EQ(entered.get_future().wait_for(kPatience), std::future_status::ready);
    }
    gone.set_value();
    EXPECT_EQ(ask(running.path(), request("GET", "/")).status, 200);
    running.stop_and_wait();
    EXPECT_EQ(running.counts().broken_connections, 1U);
    EXPECT_EQ(running.counts().requests, 1U);
}

TEST(Server, DoesNotWaitForAPeerThatReadsNothing) {
    Running running{[](const Request& r) {
                        return Response{200, {}, std::string(r.path == "/large" ? 10'000'000 : 1, 'x')};
                    },
                    {.threads = 1, .io_timeout = milliseconds{400}}};
    Connection silent{running.path()};
    silent.send(request("GET", "/large"));
    EXPECT_EQ(ask(running.path(), request("GET", "/")).status, 200) << "the one thread is free again";
    EXPECT_EQ(running.counts().broken_connections, 1U);
}

}  // namespace
}  // namespace fcgi_worker
