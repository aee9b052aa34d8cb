/// The combiner: who is taken out of a queue, and who hears of what went wrong.
#include <sys/socket.h>
#include <unistd.h>

#include "combiner_fixture.hpp"

namespace fcgi_worker::pq {
namespace {

TEST_F(ACombiner, TellsOfAFailureOnlyWhoFails) {
    combine(kFail);
    shut_gate();
    for (const char* value : {"first", "a", "fails", "b"}) send(member(value));
    open_gate();

    EXPECT_EQ(others[1].get().at(0, 0), "a");
    try {
        others[2].get();
        FAIL() << "it divides by zero";
    } catch (const SqlError& error) {
        EXPECT_EQ(error.sqlstate(), "22012");
    }
    EXPECT_EQ(others[3].get().at(0, 0), "b");
    EXPECT_EQ(combiner->counts().repeated, 3U);
    EXPECT_EQ(combiner->counts().batches, 5U);
}

// Each alone would wait for the lock once more, on a connection of its own.
TEST_F(ACombiner, ExecutesNobodyAgainWhereALockIsNotHadInTime) {
    combine(kMeet);
    PoolOptions hasty = options(kConnections);
    hasty.statements = {kMeet};
    hasty.lock_timeout = 50ms;
    Pool hasty_pool{hasty};
    ASSERT_TRUE(is_full(hasty_pool, kConnections));
    combiner = std::make_unique<Combiner>(
        hasty_pool, kMeet, CombinerOptions{.batches_in_flight = 1, .wait_timeout = std::chrono::seconds{10}});
    shut_gate();
    for (const char* value : {"first", "a", "b"}) send(member(value));

    for (std::future<Rows>& other : others) EXPECT_THROW(other.get(), Unavailable);

    EXPECT_EQ(combiner->counts().repeated, 0U);
    open_gate();
    combiner.reset();
}

TEST_F(ACombiner, TakesOutWhoseTimeIsOver) {
    combine(kMeet);
    shut_gate();
    send(member("first"));
    const std::size_t hasty = send(member("hasty"), deadline_after(30ms));
    const std::size_t patient = send(member("patient"));

    EXPECT_THROW(others[hasty].get(), PoolExhausted);
    EXPECT_EQ(waiting(), 1U);

    open_gate();
    EXPECT_EQ(batch_of(patient), "patient");
    EXPECT_EQ(combiner->counts().turned_away_late, 1U);
}

TEST_F(ACombiner, LetsNobodyWaitForLongerThanAllowed) {
    combine(kMeet, {.batches_in_flight = 1, .wait_timeout = 30ms});
    shut_gate();
    send(member("first"));

    EXPECT_LT(duration_of([&] { EXPECT_THROW(execute(member("late")), PoolExhausted); }), 5s);

    open_gate();
    EXPECT_EQ(batch_of(0), "first");
}

TEST_F(ACombiner, GoesOnToWhoWaitedBehindOneThatIsTakenOut) {
    combine(kMeet, {.batches_in_flight = 2});
    shut_gate();
    send(member("a", {"row 1"}));
    const std::size_t hasty = send(member("hasty", {"row 1", "row 2"}), deadline_after(30ms));
    const std::size_t behind = send(member("behind", {"row 2"}));
    EXPECT_EQ(waiting(), 2U);

    EXPECT_THROW(others[hasty].get(), PoolExhausted);

    EXPECT_TRUE(comes_true([&] { return waiting() == 0; }));
    open_gate();
    EXPECT_EQ(batch_of(behind), "behind");
}

TEST_F(ACombiner, TakesOutWhoseClientHasGone) {
    combine(kMeet);
    std::array<int, 2> leaving{};
    std::array<int, 2> staying{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, leaving.data()), 0);
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, staying.data()), 0);
    shut_gate();
    send(member("first"));
    send(member("leaves and would lead"), {deadline_after(10s), nullptr, leaving[0]});
    send(member("stays"), {deadline_after(10s), nullptr, staying[0]});
    send(member("leaves"), {deadline_after(10s), nullptr, leaving[0]});
    ::close(leaving[1]);

    open_gate();

    EXPECT_THROW(others[1].get(), Unavailable);
    EXPECT_EQ(batch_of(2), "stays");
    EXPECT_THROW(others[3].get(), Unavailable);
    EXPECT_EQ(combiner->counts().abandoned, 2U);
    for (const int end : {leaving[0], staying[0], staying[1]}) ::close(end);
}

TEST_F(ACombiner, TurnsAwayAtOnceWhoFindsTooManyWaiting) {
    combine(kMeet, {.batches_in_flight = 1, .waiters = 1});
    shut_gate();
    send(member("first"));
    send(member("second"));

    EXPECT_LT(duration_of([&] { EXPECT_THROW(execute(member("third")), PoolExhausted); }), 5s);

    EXPECT_EQ(combiner->counts().turned_away_crowded, 1U);
    open_gate();
    EXPECT_EQ(batch_of(1), "second");
}

TEST_F(ACombiner, LeavesEachMemberOfALostBatchInDoubt) {
    combine(kMeet);
    shut_gate();
    for (const char* value : {"first", "a", "b"}) send(member(value));
    ASSERT_TRUE(comes_true([&] { return waiting() == 2; }));
    for (const std::size_t batches : {1U, 2U}) {
        ASSERT_TRUE(comes_true([&] { return combiner->counts().batches == batches && pool->counts().busy == 1; }));
        // The process of the server that waits in front of the gate.
        ASSERT_TRUE(comes_true([&] { return administrator.end_one_waiting(name); }));
    }

    for (std::future<Rows>& other : others) EXPECT_THROW(other.get(), InDoubt);

    EXPECT_EQ(combiner->counts().repeated, 0U);
    open_gate();
    EXPECT_EQ(execute(member("next")).at(0, 0), "next");
}

TEST_F(ACombiner, GivesNobodyARowThatIsSomebodyElses) {
    combine(kMany);
    shut_gate();
    for (const char* value : {"1", "2", "101", "3"}) send(member(value));
    open_gate();

    EXPECT_EQ(others[1].get().size(), 2U);
    EXPECT_THROW(others[2].get(), std::logic_error);
    EXPECT_EQ(others[3].get().size(), 3U);
    EXPECT_EQ(combiner->counts().misdirected, 101U);
}

TEST_F(ACombiner, GivesNobodyARowThatIsNobodys) {
    combine(kMiscounted);

    EXPECT_THROW(execute({.parameters = {"a"}}), std::logic_error);
    EXPECT_EQ(combiner->counts().in_flight, 0U);
}

TEST_F(ACombiner, RefusesWhatIsNoMemberOfItsStatement) {
    combine(kMeet);

    EXPECT_THROW(execute({.parameters = {"a"}}), std::invalid_argument);
    EXPECT_THROW(execute({.parameters = {"a", "b", "c"}}), std::invalid_argument);
    EXPECT_THROW(execute({.parameters = {"a", std::string{"\0", 1}}}), std::invalid_argument);
    EXPECT_EQ(combiner->counts().batches, 0U);

    Combiner stranger{*pool, {"stranger", "SELECT 1"}};
    EXPECT_THROW(stranger.execute({}, deadline_after(10s)), std::invalid_argument);
}

TEST_F(ACombiner, RefusesOptionsOutOfTheirRange) {
    combine(kMeet);
    const auto with = [&](const CombinerOptions& wrong) { const Combiner made{*pool, kMeet, wrong}; };

    EXPECT_THROW(with({.batch_size = 0}), std::invalid_argument);
    EXPECT_THROW(with({.batch_size = 1001}), std::invalid_argument);
    EXPECT_THROW(with({.batches_in_flight = 0}), std::invalid_argument);
    EXPECT_THROW(with({.batches_in_flight = 101}), std::invalid_argument);
    EXPECT_THROW(with({.batch_weight = 0}), std::invalid_argument);
    EXPECT_THROW(with({.waiters = 0}), std::invalid_argument);
    EXPECT_THROW(with({.wait_timeout = 0ms}), std::invalid_argument);
}

TEST_F(ACombiner, PassesItsTurnOnWhereThereIsNoConnection) {
    combine(kMeet);
    std::vector<Lease> leases;
    for (std::size_t i = 0; i < kConnections; ++i) leases.push_back(borrow(*pool));
    const auto hasty = std::async(
        std::launch::async, [&] { EXPECT_THROW(execute(member("hasty"), deadline_after(200ms)), PoolExhausted); });
    ASSERT_TRUE(comes_true([&] { return combiner->counts().in_flight == 1; }));
    send(member("patient"));
    hasty.wait();
    EXPECT_TRUE(comes_true([&] { return combiner->counts().in_flight == 1 && waiting() == 0; }));

    leases.clear();

    EXPECT_EQ(batch_of(0), "patient");
}

}  // namespace
}  // namespace fcgi_worker::pq
