/// The load generator itself: what it says of a load is only worth something where it really made it.
#include "open_loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <vector>

#include "stack.hpp"

namespace {

using open_loop::Clock;
using open_loop::offer;
using open_loop::quantile;
using open_loop::Report;
using open_loop::saturate;
using open_loop::Target;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Each;
using testing::Ge;
using testing::Lt;
using testing::Pair;
using testing::UnorderedElementsAre;

/// Connects and then never hears a word.
class SilentServer {
public:
    SilentServer() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        if (bind(descriptor_, generic, size) != 0 || listen(descriptor_, 1000) != 0 ||
            getsockname(descriptor_, generic, &size) != 0) {
            ADD_FAILURE() << "cannot listen";
        }
        port_ = ntohs(address.sin_port);
    }
    SilentServer(const SilentServer&) = delete;
    SilentServer& operator=(const SilentServer&) = delete;
    ~SilentServer() { close(descriptor_); }

    [[nodiscard]] int port() const { return port_; }

private:
    const int descriptor_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int port_ = 0;
};

struct OpenLoop : testing::Test {
    const Target page{.path = "/style.css", .ports = stack::ports()};  ///< nginx's own: no worker is asked.
};

TEST_F(OpenLoop, MakesItsScheduleToTheRequest) {
    const Report report = offer(page, 1000, seconds{2});

    EXPECT_THAT(report.outcomes(), UnorderedElementsAre(Pair("200", 2000)));
    EXPECT_EQ(report.exchanges.back().scheduled, milliseconds{1999});
    EXPECT_NEAR(report.per_second(200), 1000, 50);
    EXPECT_THAT(report.each_second(200), Each(testing::AllOf(Ge(900U), Lt(1100U))));
    EXPECT_LT(quantile(report.lateness(), 0.9), milliseconds{20});
}

TEST_F(OpenLoop, WaitsForNoAnswerBeforeItAsksAgain) {
    const SilentServer server;
    const Clock::time_point start = Clock::now();
    const Report report = offer({.path = "/", .ports = {server.port()}, .patience = seconds{2}}, 500, seconds{1});

    EXPECT_THAT(report.outcomes(), UnorderedElementsAre(Pair("timed out", 500)));
    EXPECT_THAT(report.latencies(0), Each(Ge(seconds{2})));
    EXPECT_LT(Clock::now() - start, seconds{5}) << "and gives up in time";
}

TEST_F(OpenLoop, CountsWhatFindsNoConnection) {
    const SilentServer server;
    const Target target{.path = "/", .ports = {server.port()}, .connections = 50, .patience = milliseconds{1500}};
    const Report report = offer(target, 500, seconds{1});

    EXPECT_THAT(report.outcomes(), UnorderedElementsAre(Pair("timed out", 50), Pair("not sent", 450)));
}

TEST_F(OpenLoop, CountsWhatIsRefusedAConnection) {
    int port = 0;
    {
        const SilentServer server;
        port = server.port();
    }
    const Report report = offer({.path = "/", .ports = {port}}, 500, seconds{1});

    EXPECT_THAT(report.outcomes(), UnorderedElementsAre(Pair("broken", 500)));
}

TEST_F(OpenLoop, CountsTheTimeARequestWasLateAsItsLatency) {
    const Report report = offer(page, 1000, milliseconds{100}, Clock::now() - seconds{1});

    EXPECT_THAT(report.outcomes(), UnorderedElementsAre(Pair("200", 100)));
    EXPECT_THAT(report.latencies(200), Each(Ge(milliseconds{900})));
    EXPECT_EQ(report.per_second(200), 0) << "none came before the load ended";
}

TEST_F(OpenLoop, KeepsItsConnectionsUntilTheServerEndsThem) {
    constexpr std::size_t kMost = 10'000;  // nginx.conf: keepalive_requests
    const Report report = saturate({.path = page.path, .ports = page.ports, .connections = 1}, 1, seconds{5});

    EXPECT_GT(report.exchanges.size(), kMost) << "one connection has ended, and another was made";
    EXPECT_THAT(report.outcomes(), UnorderedElementsAre(Pair("200", report.exchanges.size())));
}

TEST_F(OpenLoop, AsksInAClosedLoopNoMoreThanIsAnswered) {
    const SilentServer server;
    const Report report = saturate({.path = "/", .ports = {server.port()}, .patience = seconds{2}}, 20, seconds{1});

    EXPECT_THAT(report.outcomes(), UnorderedElementsAre(Pair("timed out", 20)));
}

}  // namespace
