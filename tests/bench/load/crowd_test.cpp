/// What the crowd counts when the service answers, does not, or does what it should not; and that its requests, and
/// their latency, keep to the plan when the service does not.
#include "crowd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../../fcgi_worker/temporary_folder.hpp"
#include "../../patience.hpp"
#include "certificate.hpp"
#include "listener.hpp"
#include "scripted_server.hpp"

namespace load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::Gt;
using testing::Lt;

constexpr std::uint32_t kMostUsers = 200;

std::string answer_with(std::string_view status, const std::string& body, std::string_view headers = "") {
    return std::string{"HTTP/1.1 "}.append(status).append("\r\n").append(headers).append(
        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

std::string list_of(std::uint32_t user, std::string_view headers = "") {
    const std::string todo = R"({"title":"user )" + std::to_string(user) + R"(: water the plants"},)";
    return answer_with("200 OK", "[" + todo + todo + todo + todo + todo + "]", headers);
}

// What a service may do with a request.

void answer(const Peer& peer) { peer.send(list_of(peer.user)); }
void answer_and_close(const Peer& peer) {
    peer.send(list_of(peer.user), MSG_MORE);  // so that the end comes together with it
    peer.close();
}
void announce_the_end(const Peer& peer) { peer.send(list_of(peer.user, "Connection: close\r\n")); }
void answer_503(const Peer& peer) { peer.send(answer_with("503 Service Unavailable", "{}")); }
void answer_as_to_somebody_else(const Peer& peer) { peer.send(list_of(peer.user + 1)); }
void answer_twice(const Peer& peer) { peer.send(list_of(peer.user) + list_of(peer.user)); }
void answer_in_no_form(const Peer& peer) { peer.send("SSH-2.0-OpenSSH_9.2\r\n"); }
void answer_half_and_close(const Peer& peer) {
    peer.send(list_of(peer.user).substr(0, 100), MSG_MORE);
    peer.close();
}
void delete_it(const Peer& peer) { peer.send("HTTP/1.1 204 No Content\r\n\r\n"); }
void close_it(const Peer& peer) { peer.close(); }
void reset_it(const Peer& peer) { peer.reset(); }
void stay_silent(const Peer&) {}

using Happened = std::map<std::string, std::uint64_t>;

/// One user who comes, asks once for the list, and waits for the answer for up to 300 ms, unless the test has other
/// plans.
struct TheCrowd : testing::Test {
    TheCrowd() {
        common.plan = &plan;
        common.tokens = &*tokens;
        common.time_out = milliseconds{300};
    }

    void asks(const Sources& sources) {
        common.sources = &sources;
        plan.settle();
        common.start = Clock::now();
        for (std::uint32_t process = 0; process < common.processes; ++process) {
            Crowd{common, process, board.of(0)}.run();
        }
    }
    void asks(std::uint16_t port) { asks(Sources{INADDR_LOOPBACK, 1, {INADDR_LOOPBACK, {port, port}}}); }
    void asks_of_one_that_will(ScriptedServer::Script on_request) {
        const ScriptedServer server{std::move(on_request)};
        asks(server.port());
    }

    /// Every counter that is not 0, of the connections and of one phase; but those that depend on how fast the machine
    /// is.
    [[nodiscard]] Happened happened(std::size_t phase = 0) const {
        const ConnectionCounts& of = board.of(0).connections;
        Happened counted = requests(phase);
        counted.insert({{"open at the end", of.open.get()},
                        {"connected", of.connected.get()},
                        {"connection refused", of.refused.get()},
                        {"connection reset", of.reset.get()},
                        {"connection closed", of.closed.get()},
                        {"connection timed out", of.timed_out.get()},
                        {"TLS failed", of.tls_failed.get()},
                        {"unroutable", of.unroutable.get()},
                        {"dropped", of.dropped.get()},
                        {"returned", of.returned.get()}});
        return without_zeros(counted);
    }
    [[nodiscard]] Happened requests(std::size_t phase) const {
        const PhaseCounts& of = at(phase);
        Happened counted{{"intended", of.intended.get()},
                         {"sent", of.sent.get()},
                         {"unsent", of.unsent.get()},
                         {"answered", of.answered.get()},
                         {"ok", of.ok.get()},
                         {"timed out", of.timed_out.get()},
                         {"cut off", of.cut_off.get()},
                         {"malformed", of.malformed.get()},
                         {"checked", of.checked.get()},
                         {"foreign", of.foreign.get()},
                         {"status 200", of.status[200].get()},
                         {"status 204", of.status[204].get()},
                         {"status 503", of.status[503].get()}};
        return without_zeros(counted);
    }
    static Happened without_zeros(Happened counted) {
        std::erase_if(counted, [](const auto& one) { return one.second == 0; });
        return counted;
    }

    [[nodiscard]] PhaseCounts& at(std::size_t phase) const { return board.of(0).phases[phase]; }
    [[nodiscard]] LatencySummary latency(std::size_t phase) const {
        LatencySummary summary;
        summary.add(at(phase).latency);
        return summary;
    }
    [[nodiscard]] LatencySummary send_lag(std::size_t phase) const {
        LatencySummary summary;
        summary.add(at(phase).send_lag);
        return summary;
    }

    Plan plan{.users = 1, .ramp_rate = 1000, .phases = {}};
    Board board{1};
    Common common;

private:
    static std::string token_file(const std::string& path) {
        std::ofstream file{path};
        for (std::uint32_t user = 0; user < kMostUsers; ++user) file << token_of(user) << "\n";
        return path;
    }
    TemporaryFolder folder_;
    std::optional<TokenFile> tokens{std::in_place, token_file(folder_ / "tokens"), kMostUsers};
};

// One request, and everything that is counted of it.

TEST_F(TheCrowd, CountsAnAnswer) {
    asks_of_one_that_will(answer);
    EXPECT_EQ(happened(), (Happened{{"connected", 1},
                                    {"open at the end", 1},
                                    {"intended", 1},
                                    {"sent", 1},
                                    {"answered", 1},
                                    {"ok", 1},
                                    {"status 200", 1},
                                    {"checked", 1}}));
}

TEST_F(TheCrowd, CountsAnAnswerWithoutABody) {
    common.mix = Mix{"0:0:0:100"};
    asks_of_one_that_will(delete_it);
    EXPECT_EQ(happened(), (Happened{{"connected", 1},
                                    {"open at the end", 1},
                                    {"intended", 1},
                                    {"sent", 1},
                                    {"answered", 1},
                                    {"ok", 1},
                                    {"status 204", 1},
                                    {"checked", 1}}));
    EXPECT_EQ(at(0).kinds[static_cast<std::size_t>(Kind::kDelete)].get(), 1U);
}

TEST_F(TheCrowd, CountsARefusalAsAnAnswerThatIsNotLookedInto) {
    asks_of_one_that_will(answer_503);
    EXPECT_EQ(happened(), (Happened{{"connected", 1},
                                    {"open at the end", 1},
                                    {"intended", 1},
                                    {"sent", 1},
                                    {"answered", 1},
                                    {"status 503", 1}}));
}

TEST_F(TheCrowd, CountsWhatBelongsToSomebodyElse) {
    asks_of_one_that_will(answer_as_to_somebody_else);
    EXPECT_EQ(happened(), (Happened{{"connected", 1},
                                    {"open at the end", 1},
                                    {"intended", 1},
                                    {"sent", 1},
                                    {"answered", 1},
                                    {"ok", 1},
                                    {"status 200", 1},
                                    {"checked", 1},
                                    {"foreign", 1}}));
}

TEST_F(TheCrowd, CountsAConnectionThatIsClosedInPlaceOfAnAnswer) {
    asks_of_one_that_will(close_it);
    EXPECT_EQ(happened(),
              (Happened{{"connected", 1}, {"connection closed", 1}, {"intended", 1}, {"sent", 1}, {"cut off", 1}}));
}

TEST_F(TheCrowd, CountsAConnectionThatIsClosedInTheMiddleOfAnAnswer) {
    asks_of_one_that_will(answer_half_and_close);
    EXPECT_EQ(happened(),
              (Happened{{"connected", 1}, {"connection closed", 1}, {"intended", 1}, {"sent", 1}, {"cut off", 1}}));
}

TEST_F(TheCrowd, CountsAConnectionThatIsReset) {
    asks_of_one_that_will(reset_it);
    EXPECT_EQ(happened(),
              (Happened{{"connected", 1}, {"connection reset", 1}, {"intended", 1}, {"sent", 1}, {"cut off", 1}}));
}

TEST_F(TheCrowd, CountsAConnectionThatIsClosedTogetherWithTheAnswer) {
    asks_of_one_that_will(answer_and_close);
    EXPECT_EQ(happened(), (Happened{{"connected", 1},
                                    {"connection closed", 1},
                                    {"intended", 1},
                                    {"sent", 1},
                                    {"answered", 1},
                                    {"ok", 1},
                                    {"status 200", 1},
                                    {"checked", 1}}));
}

TEST_F(TheCrowd, LeavesAConnectionWhoseEndTheAnswerAnnounces) {
    asks_of_one_that_will(announce_the_end);
    EXPECT_EQ(happened(), (Happened{{"connected", 1},
                                    {"connection closed", 1},
                                    {"intended", 1},
                                    {"sent", 1},
                                    {"answered", 1},
                                    {"ok", 1},
                                    {"status 200", 1},
                                    {"checked", 1}}));
}

TEST_F(TheCrowd, GivesUpWhenNoAnswerComesInTime) {
    asks_of_one_that_will(stay_silent);
    EXPECT_EQ(happened(), (Happened{{"connected", 1}, {"intended", 1}, {"sent", 1}, {"timed out", 1}}));
    EXPECT_EQ(latency(0).count(), 0U);
}

TEST_F(TheCrowd, GivesUpWhenHalfAnAnswerComesInTime) {
    asks_of_one_that_will([](const Peer& peer) { peer.send(list_of(peer.user).substr(0, 100)); });
    EXPECT_EQ(happened(), (Happened{{"connected", 1}, {"intended", 1}, {"sent", 1}, {"timed out", 1}}));
}

TEST_F(TheCrowd, LeavesAConnectionWithSomethingElseThanAnAnswer) {
    asks_of_one_that_will(answer_in_no_form);
    EXPECT_EQ(happened(), (Happened{{"connected", 1}, {"intended", 1}, {"sent", 1}, {"malformed", 1}}));
}

TEST_F(TheCrowd, LeavesAConnectionWithMoreThanOneAnswer) {
    asks_of_one_that_will(answer_twice);
    EXPECT_EQ(happened(), (Happened{{"connected", 1}, {"intended", 1}, {"sent", 1}, {"malformed", 1}}));
}

TEST_F(TheCrowd, LeavesAConnectionOnWhichSomethingComesThatNobodyAskedFor) {
    plan.ramp_rate = 2.5;  // 400 ms, less than who lost a connection stays away
    asks_of_one_that_will([this](const Peer& peer) {
        answer(peer);
        EXPECT_TRUE(comes_true([this] { return at(0).answered.get() == 1; }));
        answer(peer);
    });
    EXPECT_EQ(happened(), (Happened{{"connected", 1},
                                    {"intended", 1},
                                    {"sent", 1},
                                    {"answered", 1},
                                    {"ok", 1},
                                    {"status 200", 1},
                                    {"checked", 1},
                                    {"malformed", 1}}));
}

TEST_F(TheCrowd, PutsAnAnswerInTwoPiecesTogether) {
    plan.users = 2;
    Peer first;
    asks_of_one_that_will([&](const Peer& peer) {
        if (peer.nth == 0) {
            first = peer;
            first.send(list_of(first.user).substr(0, 100));
        } else {
            answer(peer);
            EXPECT_TRUE(comes_true([this] { return at(0).answered.get() == 1; })) << "so the first piece was read, too";
            first.send(list_of(first.user).substr(100));
        }
    });
    EXPECT_EQ(happened(), (Happened{{"connected", 2},
                                    {"open at the end", 2},
                                    {"intended", 2},
                                    {"sent", 2},
                                    {"answered", 2},
                                    {"ok", 2},
                                    {"status 200", 2},
                                    {"checked", 2}}));
}

TEST_F(TheCrowd, PutsAnAnswerTogetherThatIsLongerThanWhatIsReadAtOnce) {
    const std::string headers = "X: " + std::string(200'000, 'x') + "\r\n";
    asks_of_one_that_will([&](const Peer& peer) { peer.send(list_of(peer.user, headers)); });
    EXPECT_EQ(at(0).ok.get(), 1U);
    EXPECT_EQ(at(0).foreign.get(), 0U);
}

/// It slept for a second more.
TEST_F(TheCrowd, EndsWithThePlanWhenNobodyWaits) {
    plan.ramp_rate = 10;
    const Clock::time_point begin = Clock::now();
    asks_of_one_that_will(answer);
    EXPECT_LT(Clock::now() - begin, milliseconds{900});
}

// Connections that never are.

TEST_F(TheCrowd, CountsThatNobodyListens) {
    const BoundSocket nobody;
    asks(nobody.port());
    EXPECT_EQ(happened(), (Happened{{"connection refused", 1}, {"intended", 1}, {"unsent", 1}}));
}

TEST_F(TheCrowd, GivesUpWhenConnectingTakesTooLong) {
    const FullListener busy;
    asks(busy.port());
    EXPECT_EQ(happened(), (Happened{{"connection timed out", 1}, {"intended", 1}, {"unsent", 1}}));
}

TEST_F(TheCrowd, CountsAServerWithoutTls) {
    const TemporaryFolder folder;
    const TlsContext tls{make_certificate(folder / "any").certificate, "127.0.0.1"};
    common.tls = &tls;
    const ScriptedServer server{stay_silent, answer_in_no_form};
    asks(server.port());
    EXPECT_EQ(happened(), (Happened{{"TLS failed", 1}, {"intended", 1}, {"unsent", 1}}));
}

TEST_F(TheCrowd, CountsASourceThatItCannotHave) {
    const Listener listener;
    const std::uint32_t of_another_machine = parse_address("192.0.2.1");
    asks(Sources{of_another_machine, 1, {INADDR_LOOPBACK, {listener.port(), listener.port()}}});
    EXPECT_EQ(happened(), (Happened{{"unroutable", 1}, {"intended", 1}, {"unsent", 1}}));
}

TEST_F(TheCrowd, CountsASourcePortThatSomebodyTookMeanwhile) {
    const Listener listener;
    std::optional<BoundSocket> taken{std::in_place};
    const std::uint16_t port = taken->port();
    taken.reset();
    const Sources sources{INADDR_LOOPBACK, 1, {port, port}, {INADDR_LOOPBACK, {listener.port(), listener.port()}}};
    const BoundSocket again{port};
    asks(sources);
    EXPECT_EQ(happened(), (Happened{{"unroutable", 1}, {"intended", 1}, {"unsent", 1}}));
}

/// Its end came in one event with the connection, which was then looked at for the connection only.
TEST_F(TheCrowd, NoticesAServerThatClosesBeforeItIsAsked) {
    plan.users = 100;
    plan.ramp_rate = 1e6;
    const ScriptedServer server{stay_silent, [](const Peer& peer) { peer.say_no_more(); }};
    asks(server.port());
    EXPECT_EQ(
        happened(),
        (Happened{{"connected", 100}, {"connection closed", 100}, {"intended", 100}, {"sent", 100}, {"cut off", 100}}));
}

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

// The plan, and not the service, says when a request is due.

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
