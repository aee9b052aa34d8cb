/// From where to where connections go, each way once.
#include "sources.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>

#include "listener.hpp"

namespace load {
namespace {

constexpr std::uint32_t kLoopback = INADDR_LOOPBACK;

struct PortsAndAddresses : testing::Test {};

TEST_F(PortsAndAddresses, AreReadAsTheyAreWritten) {
    EXPECT_EQ(parse_port_range("8080").first, 8080);
    EXPECT_EQ(parse_port_range("8080").count(), 1U);
    EXPECT_EQ(parse_port_range("1-65535").count(), 65'535U);
    EXPECT_EQ(parse_address("127.0.0.1"), kLoopback);
    EXPECT_EQ(parse_target("127.0.0.1:8080-8099").address, kLoopback);
    EXPECT_EQ(parse_target("127.0.0.1:8080-8099").ports.last, 8099);
}

struct WhatAreNoPorts : testing::TestWithParam<const char*> {};
TEST_P(WhatAreNoPorts, AreRefused) { EXPECT_THROW((void)parse_port_range(GetParam()), std::invalid_argument); }
INSTANTIATE_TEST_SUITE_P(Text, WhatAreNoPorts,
                         testing::Values("", "-", "0", "65536", "-1", "80-", "-80", "80-79", "80-81-82", "http",
                                         "80 "));

struct WhatIsNoTarget : testing::TestWithParam<const char*> {};
TEST_P(WhatIsNoTarget, IsRefused) { EXPECT_THROW((void)parse_target(GetParam()), std::invalid_argument); }
INSTANTIATE_TEST_SUITE_P(Text, WhatIsNoTarget,
                         testing::Values("", "8080", "127.0.0.1", "127.0.0.1:", ":8080", "localhost:8080", "127.1:8080",
                                         "256.0.0.1:8080", "[::1]:8080", "127.0.0.1:8080:8081"));

struct AnotherMachine : testing::Test {};

TEST_F(AnotherMachine, IsAskedOnlyWhenItIsNamed) {
    EXPECT_THROW(require_allowed(parse_address("192.0.2.1"), {}), std::invalid_argument);
    EXPECT_THROW(require_allowed(parse_address("192.0.2.1"), {"192.0.2.2"}), std::invalid_argument);
    EXPECT_NO_THROW(require_allowed(parse_address("192.0.2.1"), {"192.0.2.2", "192.0.2.1"}));
}

TEST_F(AnotherMachine, IsNoneInTheLoopbackNetwork) {
    EXPECT_NO_THROW(require_allowed(parse_address("127.255.0.1"), {}));
    EXPECT_THROW(require_allowed(parse_address("128.0.0.1"), {}), std::invalid_argument);
    EXPECT_THROW(require_allowed(parse_address("126.255.255.255"), {}), std::invalid_argument);
}

/// Source address, source port and server port.
using Way = std::tuple<std::uint32_t, std::uint16_t, std::uint16_t>;

struct TheSources : testing::Test {
    static Way way(const Sources& sources, std::uint64_t n) {
        const Endpoints ends = sources.at(n);
        return {ntohl(ends.source.sin_addr.s_addr), ntohs(ends.source.sin_port), ntohs(ends.server.sin_port)};
    }
    static std::set<Way> all_ways(const Sources& sources) {
        std::set<Way> ways;
        for (std::uint64_t n = 0; n < sources.count(); ++n) ways.insert(way(sources, n));
        return ways;
    }
    const Target target{kLoopback, {81, 83}};
};

TEST_F(TheSources, TellAllConnectionsApart) {
    const Sources sources{kLoopback, 4, {20'000, 20'099}, target};
    EXPECT_EQ(all_ways(sources).size(), sources.count());
    EXPECT_GT(sources.count(), 4U * 90 * 3) << "few of the ports have somebody who listens";
}

TEST_F(TheSources, SpreadNeighboursOverTheServersPorts) {
    const Sources sources{kLoopback, 4, {20'000, 20'099}, target};
    EXPECT_EQ(std::get<2>(way(sources, 0)), 81);
    EXPECT_EQ(std::get<2>(way(sources, 1)), 82);
    EXPECT_EQ(std::get<2>(way(sources, 2)), 83);
    EXPECT_EQ(std::get<2>(way(sources, 3)), 81);
}

TEST_F(TheSources, GoToTheTarget) {
    EXPECT_EQ(Sources(kLoopback + 1, 1, target).at(0).server.sin_addr.s_addr, htonl(kLoopback));
    EXPECT_EQ(Sources(kLoopback + 1, 1, target).at(0).source.sin_addr.s_addr, htonl(kLoopback + 1));
}

TEST_F(TheSources, LeaveOutPortsThatSomebodyListensOn) {
    const Listener listener;
    const std::uint16_t port = listener.port();
    const Sources sources{kLoopback, 1, {static_cast<std::uint16_t>(port - 20), port}, target};
    EXPECT_EQ(all_ways(sources).count({kLoopback, port, 81}), 0U);
    EXPECT_GT(sources.count(), 0U);
}

TEST_F(TheSources, AreRefusedWhenNoPortIsLeft) {
    const Listener listener;
    EXPECT_THROW(Sources(kLoopback, 1, {listener.port(), listener.port()}, target), std::invalid_argument);
}

TEST_F(TheSources, HaveThePortsOfTheKernelWithoutEnd) {
    const Sources sources{kLoopback, 2, target};
    EXPECT_EQ(sources.count(), std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(way(sources, 0), (Way{kLoopback, 0, 81}));
    EXPECT_EQ(way(sources, 3), (Way{kLoopback + 1, 0, 81}));
    EXPECT_EQ(way(sources, 6), (Way{kLoopback, 0, 81}));
}

TEST_F(TheSources, TakeThe65535thPort) {
    const Sources sources{kLoopback, 1, {65'535, 65'535}, target};
    EXPECT_EQ(std::get<1>(way(sources, 2)), 65'535);
}

}  // namespace
}  // namespace load
