/// What the crowd counts when the service answers, does not, or does what it should not.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "../../patience.hpp"
#include "certificate.hpp"
#include "listener.hpp"
#include "the_crowd.hpp"

namespace load {
namespace {

using std::chrono::milliseconds;

// What only a bad service, or a good one that ends, does with a request.

void answer_and_close(const Peer& peer) {
    peer.send(list_of(peer.user), MSG_MORE);  // so that the end comes together with it
    peer.close();
}
void announce_the_end(const Peer& peer) { peer.send(list_of(peer.user, "Connection: close\r\n")); }
void answer_503(const Peer& peer) { peer.send(answer_with("503 Service Unavailable", "{}")); }
void answer_twice(const Peer& peer) { peer.send(list_of(peer.user) + list_of(peer.user)); }
void answer_in_no_form(const Peer& peer) { peer.send("SSH-2.0-OpenSSH_9.2\r\n"); }
void answer_half_and_close(const Peer& peer) {
    peer.send(list_of(peer.user).substr(0, 100), MSG_MORE);
    peer.close();
}
void reset_it(const Peer& peer) { peer.reset(); }

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

}  // namespace
}  // namespace load
