/// Many users, who come again and ask when it is their turn: that requests, and their latency, keep to the plan when
/// the service does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <thread>

#include "../../patience.hpp"
#include "listener.hpp"
#include "the_crowd.hpp"

namespace load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::Gt;
using testing::Lt;

// Many users.

TEST_F(TheCrowd, AsksOnceForEachUserWhenTwoProcessesShareThem) {
    plan.users = 101;
    common.processes = 2;
    std::map<std::uint32_t, int> asked;
    asks_of_one_that_will([&](const Peer& peer) { ++asked[peer.user], answer(peer); });
    EXPECT_EQ(asked.size(), 101U);
    EXPECT_EQ(asked.begin()->first, 0U);
    EXPECT_EQ(asked.rbegin()->first, 100U);
    EXPECT_EQ(at(0).ok.get(), 101U);
    EXPECT_EQ(at(0).foreign.get(), 0U);
}

TEST_F(TheCrowd, LooksIntoAsManyAnswersAsItIsTold) {
    plan.users = 200;
    common.checked_share = 0.5;
    asks_of_one_that_will(answer_as_to_somebody_else);
    EXPECT_EQ(at(0).answered.get(), 200U);
    EXPECT_THAT(at(0).checked.get(), AllOf(Gt(60U), Lt(140U)));
    EXPECT_EQ(at(0).foreign.get(), at(0).checked.get());
}

TEST_F(TheCrowd, AsksInTheSharesOfTheMix) {
    plan.users = 200;
    common.mix = Mix{"50:0:0:50"};
    asks_of_one_that_will([](const Peer& peer) { peer.is_deletion ? delete_it(peer) : answer(peer); });
    EXPECT_EQ(at(0).checked.get(), 200U);
    EXPECT_EQ(at(0).foreign.get(), 0U) << "each answer is compared with what was asked";
    EXPECT_THAT(at(0).status[204].get(), AllOf(Gt(60U), Lt(140U)));
    EXPECT_EQ(at(0).kinds[static_cast<std::size_t>(Kind::kDelete)].get(), at(0).status[204].get());
}

// Who was there comes again.

/// Who gave up came only when something else was due: here, at the end of the phase.
TEST_F(TheCrowd, ComesAgainWhenAConnectionWasLostAndWhenNoAnswerCame) {
    plan.phases = {parse_phase("0:3")};
    asks_of_one_that_will([](const Peer& peer) {
        const std::array in_turn{close_it, stay_silent, answer};
        in_turn.at(peer.nth)(peer);
    });
    EXPECT_EQ(requests(0), (Happened{{"intended", 1}, {"sent", 1}, {"cut off", 1}}));
    EXPECT_EQ(happened(1), (Happened{{"connected", 3},
                                     {"connection closed", 1},
                                     {"open at the end", 1},
                                     {"intended", 2},
                                     {"sent", 2},
                                     {"timed out", 1},
                                     {"answered", 1},
                                     {"ok", 1},
                                     {"status 200", 1},
                                     {"checked", 1}}));
}

TEST_F(TheCrowd, SendsNothingMoreWhenItIsToldToStop) {
    plan.phases = {parse_phase("100:60")};
    const Clock::time_point begin = Clock::now();
    asks_of_one_that_will([&](const Peer& peer) {
        answer(peer);
        if (peer.nth == 5) board.of(0).stop.add();
    });
    EXPECT_LT(Clock::now() - begin, seconds{3});
    EXPECT_GE(at(1).ok.get(), 4U);
    EXPECT_EQ(at(1).ok.get(), at(1).sent.get());
    EXPECT_EQ(at(1).timed_out.get(), 0U);
}

/// They came at the end of the phase, when nobody asked meanwhile.
TEST_F(TheCrowd, DropsSoManyConnectionsAndReturns) {
    plan.users = 20;
    plan.ramp_rate = 50;
    plan.phases = {parse_phase("0:1:drop=8")};
    common.comeback = milliseconds{200};
    asks_of_one_that_will(answer);
    EXPECT_EQ(happened(1), (Happened{{"connected", 28},
                                     {"dropped", 8},
                                     {"returned", 8},
                                     {"open at the end", 20},
                                     {"intended", 8},
                                     {"sent", 8},
                                     {"answered", 8},
                                     {"ok", 8},
                                     {"status 200", 8},
                                     {"checked", 8}}));
    EXPECT_THAT(board.of(0).connections.last_return_ns.get(), AllOf(Gt(0U), Lt(900'000'000U)));
}

/// It was counted from the begin of the phase in which it came.
TEST_F(TheCrowd, CountsAReturnFromTheDropWhenItComesAPhaseLater) {
    plan.users = 40;
    plan.phases = {parse_phase("0:1:drop=40"), parse_phase("0:1")};
    plan.ramp_rate = 200;
    common.comeback = milliseconds{1'800};
    asks_of_one_that_will(answer);
    EXPECT_EQ(board.of(0).connections.returned.get(), board.of(0).connections.dropped.get());
    EXPECT_GT(board.of(0).connections.last_return_ns.get(), 1'000'000'000U);
}

/// Both phases asked the first half of the users.
TEST_F(TheCrowd, GoesOnWithTheNextUserWhereAPhaseIsShorterThanAPeriod) {
    plan.users = 100;
    plan.phases = {parse_phase("50:1"), parse_phase("0:1"), parse_phase("25:1"), parse_phase("25:1")};
    common.time_out = seconds{10};
    std::map<std::uint32_t, int> asked;
    asks_of_one_that_will([&](const Peer& peer) { ++asked[peer.user], answer(peer); });
    EXPECT_EQ(std::count_if(asked.begin(), asked.end(), [](const auto& of) { return of.second == 2; }), 100)
        << "once when it came, and once in its turn";
    EXPECT_EQ(at(1).intended.get() + at(3).intended.get() + at(4).intended.get(), 100U);
    EXPECT_THAT(at(3).intended.get(), AllOf(Gt(10U), Lt(40U)));
}

// The plan, and not the service, says when a request is due.

/// It counted from when the crowd got round to it, and as intended in one phase and sent in the next.
TEST_F(TheCrowd, ShowsAStandstillOfItsOwnToThoseWhoReturn) {
    plan.users = 40;
    plan.ramp_rate = 200;
    plan.phases = {parse_phase("0:1:drop=40"), parse_phase("0:1")};
    common.comeback = milliseconds{1'800};
    common.time_out = seconds{10};
    const ScriptedServer server{answer};
    const Clock::time_point drop = Clock::now() + milliseconds{200};
    const pid_t process = fork();
    if (process == 0) {
        asks(server.port());
        _exit(0);
    }
    std::this_thread::sleep_until(drop + milliseconds{700});
    kill(process, SIGSTOP);
    std::this_thread::sleep_until(drop + milliseconds{1'300});
    kill(process, SIGCONT);
    int status = 0;
    EXPECT_EQ(waitpid(process, &status, 0), process);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(board.of(0).connections.returned.get(), 40U);
    EXPECT_GE(std::max(send_lag(1).greatest(), send_lag(2).greatest()), 300'000U);
    for (const std::size_t phase : {1U, 2U}) EXPECT_EQ(at(phase).sent.get(), at(phase).intended.get()) << phase;
}

/// Answers; the n-th request so late, and whatever else comes meanwhile.
ScriptedServer::Script stand_still_at(std::uint32_t nth, milliseconds time) {
    return [=](const Peer& peer) {
        const Clock::time_point end = Clock::now() + time;
        if (peer.nth == nth) comes_true([&] { return Clock::now() >= end; });
        answer(peer);
    };
}

TEST_F(TheCrowd, ShowsAStandstillToAllWhoseTimeCameMeanwhile) {
    plan.users = 100;
    plan.phases = {parse_phase("200:1")};
    common.time_out = seconds{10};
    asks_of_one_that_will(stand_still_at(150, milliseconds{300}));
    EXPECT_EQ(at(1).intended.get(), 200U);
    EXPECT_GE(latency(1).greatest(), 300'000U);
    EXPECT_GE(latency(1).at(0.85), 100'000U) << "of the sixty in these 300 ms, forty were due in the first 200";
    EXPECT_GE(latency(1).at(0.92), 200'000U) << "and twenty in the first 100";
}

TEST_F(TheCrowd, CountsLatencyFromWhenTheNextRequestOfAUserWhoWaitsWasDueAndSaysWhatWasNotSent) {
    plan.ramp_rate = 10;
    plan.phases = {parse_phase("10:1")};
    common.time_out = seconds{10};
    asks_of_one_that_will(stand_still_at(1, milliseconds{350}));  // the others are due after 100, 200, 300...
    EXPECT_GE(send_lag(1).greatest(), 250'000U);
    EXPECT_GE(at(1).late.get(), 1U);
    EXPECT_GE(latency(1).at(0.88), 250'000U) << "two of the at most eight that were sent";
    EXPECT_GE(at(1).unsent.get(), 2U);
    EXPECT_EQ(at(1).intended.get(), 10U);
    EXPECT_EQ(at(1).sent.get() + at(1).unsent.get(), 10U);
    EXPECT_EQ(at(1).answered.get(), at(1).sent.get());
}

TEST_F(TheCrowd, IntendsNothingForAUserThatItHasDroppedAndThatIsNotBackYet) {
    plan.ramp_rate = 10;
    plan.phases = {parse_phase("20:1:drop=1")};
    common.comeback = seconds{600};
    asks_of_one_that_will(answer);
    EXPECT_EQ(happened(1), (Happened{{"connected", 1}, {"dropped", 1}}));
}

TEST_F(TheCrowd, SaysWhatWasNotSentBecauseTheUserWasNotConnected) {
    const BoundSocket nobody;
    plan.phases = {parse_phase("20:1")};
    asks(nobody.port());
    EXPECT_EQ(at(1).sent.get(), 0U);
    EXPECT_GE(at(1).intended.get(), 20U);
    EXPECT_EQ(at(1).unsent.get(), at(1).intended.get());
}

/// It was counted as sent, and its latency, in the phase after that in which it was intended.
TEST_F(TheCrowd, CountsARequestInThePhaseInWhichItWasDueThoughItIsSentLater) {
    plan.ramp_rate = 10;
    plan.phases = {parse_phase("5:1"), parse_phase("0:1")};
    common.time_out = seconds{10};
    asks_of_one_that_will(stand_still_at(1, milliseconds{1'300}));  // all of the first phase
    EXPECT_EQ(requests(2), Happened{});
    EXPECT_EQ(at(1).intended.get(), 5U);
    EXPECT_EQ(at(1).sent.get() + at(1).unsent.get(), 5U);
    EXPECT_EQ(latency(1).count(), 2U);
}

TEST_F(TheCrowd, CountsARequestThatIsNeverSentInThePhaseInWhichItWasDue) {
    plan.ramp_rate = 10;
    plan.phases = {parse_phase("5:1"), parse_phase("0:1")};
    common.time_out = milliseconds{1'300};
    asks_of_one_that_will([](const Peer& peer) { peer.nth == 0 ? answer(peer) : stay_silent(peer); });
    EXPECT_EQ(requests(1), (Happened{{"intended", 5}, {"sent", 1}, {"timed out", 1}, {"unsent", 4}}));
}

}  // namespace
}  // namespace load
