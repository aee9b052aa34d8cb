/// Thousands of clients who do everything slowly, from one address: what a user at another one notices.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "api_test.hpp"
#include "slow_attack.hpp"
#include "user.hpp"

namespace api {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::Each;
using testing::Ge;
using testing::IsEmpty;
using testing::SizeIs;
using Clock = std::chrono::steady_clock;

/// What is open at a moment.
struct Look {
    std::size_t in_nginx = 0;       ///< "Active connections: 291" on nginx's page of numbers.
    std::size_t from_attacker = 0;  ///< The kernel's own count.

    static Look now() {
        const std::string label = "Active connections: ";
        const std::string page = get_private("/nginx").body;
        const std::string sockets = stack::run(std::string{"ss -Htn state established src "} + SlowAttack::kAttacker);
        return {std::stoul(page.substr(page.find(label) + label.size())),
                static_cast<std::size_t>(std::count(sockets.begin(), sockets.end(), '\n'))};
    }
};

/// A look each two seconds until then; what was seen in the middle of all, of the one and the other.
Look watch(Clock::time_point end) {
    std::vector<std::size_t> in_nginx;
    std::vector<std::size_t> from_attacker;
    for (Clock::time_point at = Clock::now(); at < end; at += seconds{2}) {
        std::this_thread::sleep_until(at);
        const Look look = Look::now();
        in_nginx.push_back(look.in_nginx);
        from_attacker.push_back(look.from_attacker);
    }
    std::sort(in_nginx.begin(), in_nginx.end());
    std::sort(from_attacker.begin(), from_attacker.end());
    return {in_nginx[in_nginx.size() / 2], from_attacker[from_attacker.size() / 2]};
}

struct SlowAttackers : ApiTest {
    static constexpr seconds kLength{60};

    /// A page of 200 todos that is long: 1.6 MB do not fit into what the kernel and nginx hold for a reader.
    void SetUp() override {
        ApiTest::SetUp();
        for (int i = 0; i < 10; ++i) given_todo();  // what the user's list shows
        const std::string notes(8192, 'n');
        for (int i = 0; i < 190; ++i) given(R"({"title":"is read slowly","notes":)" + quoted(notes) + "}");
        ASSERT_GE(get(kPage).body.size(), 1'500'000U);
        // Each of nginx's 200 processes has served somebody, as in a service that has run for a while: the first
        // request of all of them at once would make everybody wait, whoever sends them.
        for (int i = 0; i < 10; ++i)
            ASSERT_THAT(at_once(200, [](std::size_t) { return get("/"); }), Each(Answers(200)));
    }
    void TearDown() override { EXPECT_THAT(remove(kTodos), Answers(204)); }

    static constexpr const char* kPage = "/v1/todos?limit=200";
};

TEST_F(SlowAttackers, MakeNoUserAtAnotherAddressWait) {
    SlowAttack headers{{"headers", "-H -i 3", kTodos}, kLength};
    SlowAttack bodies{{"bodies", "-B -i 3 -s 60000 -f application/json", kTodos}, kLength};
    SlowAttack readers{{"readers", "-X -n 1 -w 512 -y 1024 -z 512", kPage}, kLength};
    User user;
    const Look open = watch(Clock::now() + kLength);
    user.stop();
    for (SlowAttack* attack : {&headers, &bodies, &readers}) attack->join();

    const std::vector<microseconds> waits = user.waits();
    const auto milliseconds_of = [&](std::size_t percent) {
        return std::chrono::duration<double, std::milli>(waits.at((waits.size() - 1) * percent / 100)).count();
    };
    std::cout << "# " << waits.size() << " requests of the user: p50 " << milliseconds_of(50) << " ms, p99 "
              << milliseconds_of(99) << " ms, longest " << milliseconds_of(100) << " ms\n"
              << "# open, in the middle of all looks: " << open.in_nginx << " connections in nginx, "
              << open.from_attacker << " of them the attackers'\n";
    for (const SlowAttack* attack : {&headers, &bodies, &readers}) {
        std::cout << "# slow " << attack->name()
                  << ", most connections of each wave: " << testing::PrintToString(attack->connected()) << "\n";
        EXPECT_THAT(attack->failures(), IsEmpty());
        EXPECT_THAT(attack->connected(), SizeIs(Ge(kLength / SlowAttack::kWave))) << "this was no attack of a minute";
        EXPECT_THAT(attack->connected(), Contains(SlowAttack::kConnections));
        // nginx throws out who has not sent his headers within 10 s, perhaps before the last has connected.
        EXPECT_THAT(attack->connected(), Each(Ge(SlowAttack::kConnections * 3 / 4)));
    }
    // The slow bodies and readers, who stay; those with slow headers come and go.
    EXPECT_GE(open.in_nginx, SlowAttack::kConnections * 2);
    EXPECT_GE(open.from_attacker, SlowAttack::kConnections * 2) << "where did the others come from?";
    EXPECT_THAT(user.failures(), IsEmpty());
    EXPECT_GE(waits.size(), 5'400U) << "the user asked too little";
    EXPECT_LT(milliseconds_of(99), 200);
}

}  // namespace
}  // namespace api
