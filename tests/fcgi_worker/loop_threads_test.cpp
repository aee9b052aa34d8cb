/// What becomes ready while no thread is free: the same whether one thread takes many events at once, or several take
/// one each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include "fastcgi_client.hpp"
#include "running_server.hpp"

namespace fcgi_worker {
namespace {

using fastcgi_client::ask_again;
using fastcgi_client::Connection;
using fastcgi_client::keeping;
using fastcgi_client::request;

constexpr std::size_t kMany = 150;  // more than one thread takes at once

/// A server whose threads are all held by requests for /hold, until they are let go.
struct AllThreadsHeld : testing::TestWithParam<std::size_t> {
    std::promise<void> release;
    const std::shared_future<void> released{release.get_future().share()};
    std::atomic<std::size_t> entered = 0;
    std::atomic<std::size_t> calls = 0;
    std::optional<Running> running;
    std::deque<Connection> holders;
    std::deque<Connection> kept;

    void SetUp() override {
        running.emplace(
            [this](const Request& r) {
                if (r.path != "/hold") {
                    ++calls;
                    return Response{200, {}, r.path};
                }
                ++entered;
                released.wait_for(kPatience);
                return Response{200, {}, "held"};
            },
            ServerOptions{.threads = GetParam()});
        while (kept.size() < kMany) ASSERT_EQ(ask_again(kept.emplace_back(running->path()), "/once"), "/once");
        while (holders.size() < GetParam()) {
            holders.emplace_back(running->path()).send(keeping(request("GET", "/hold")));
        }
        ASSERT_TRUE(comes_true([this] { return entered == GetParam(); }));
        calls = 0;
    }
    void let_go_of_the_threads() {
        release.set_value();
        for (const Connection& holder : holders) EXPECT_EQ(holder.receive_kept_answer().body, "held");
    }
};

TEST_P(AllThreadsHeld, EveryConnectionThatSpokeMeanwhileIsAnswered) {
    for (const Connection& connection : kept) connection.send(keeping(request("POST", "/waited", "body")));
    let_go_of_the_threads();
    for (const Connection& connection : kept) EXPECT_EQ(connection.receive_kept_answer().body, "/waited");
    for (const Connection& connection : kept) EXPECT_EQ(ask_again(connection, "/again"), "/again");
    EXPECT_EQ(calls, 2 * kMany);
    EXPECT_EQ(running->counts().accepted_connections, kMany + GetParam());
}

TEST_P(AllThreadsHeld, OnesThatWereGivenUpAmongThemCostNothing) {
    for (const Connection& connection : kept) connection.send(keeping(request("GET", "/waited")));
    for (std::size_t i = 0; i < kMany; i += 3) kept[i].close_early();
    let_go_of_the_threads();
    for (std::size_t i = 0; i < kMany; ++i) {
        if (i % 3 == 0) continue;
        EXPECT_EQ(kept[i].receive_kept_answer().body, "/waited");
    }
    EXPECT_TRUE(comes_true([this] { return running->counts().abandoned_requests == kMany / 3; }));
    EXPECT_EQ(calls, kMany - kMany / 3);
    EXPECT_TRUE(comes_true([this] { return running->counts().connections == kMany - kMany / 3 + GetParam(); }));
}

TEST_P(AllThreadsHeld, WhatWasSentBeforeItStoppedIsAnswered) {
    for (const Connection& connection : kept) connection.send(request("GET", "/last"));  // and closed after it
    running->server().stop();
    let_go_of_the_threads();
    holders.clear();
    for (const Connection& connection : kept) EXPECT_EQ(connection.receive_answer().body, "/last");
    running->stop_and_wait();
    EXPECT_EQ(calls, kMany);
    EXPECT_EQ(running->counts().connections, 0U);
}

INSTANTIATE_TEST_SUITE_P(Loop, AllThreadsHeld, testing::Values(1, 2, 8), testing::PrintToStringParamName{});

}  // namespace
}  // namespace fcgi_worker
