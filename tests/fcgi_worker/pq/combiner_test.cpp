/// The combiner: who shares a round trip with whom, who waits, and what each gets.
#include <random>

#include "combiner_fixture.hpp"

namespace fcgi_worker::pq {
namespace {

TEST_F(ACombiner, ServesWhoIsAloneAtOnce) {
    combine(kMeet);

    const Rows rows = execute(member("a"));

    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows.at(0, 0), "a");
    EXPECT_EQ(rows.at(0, 1), "a");
    EXPECT_THROW((void)rows.at(0, 2), std::out_of_range);
    EXPECT_EQ(combiner->counts().batches, 1U);
    EXPECT_EQ(combiner->counts().members, 1U);
}

TEST_F(ACombiner, PassesEveryTextOnAsItIs) {
    combine(kMeet);
    const std::vector<Parameter> texts{"",         "NULL", R"(a"b\c)", "{x,y}", " blank ", "line\nbreak",
                                       "\xC3\xA4", R"(\)", R"(")",     "null",  ",",       std::nullopt};
    shut_gate();
    for (const Parameter& text : texts) send({.parameters = {"o", text}});
    open_gate();

    for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(others[i].get().at(0, 1), texts[i]) << i;
    EXPECT_EQ(combiner->counts().batches, 2U);
}

TEST_F(ACombiner, TakesAllThatWaitInTheOrderTheyCame) {
    combine(kMeet);
    shut_gate();
    for (const char* value : {"1", "2", "3", "4", "5"}) send(member(value));
    EXPECT_EQ(waiting(), 4U);
    EXPECT_EQ(combiner->counts().in_flight, 1U);

    open_gate();

    EXPECT_EQ(batch_of(0), "1");
    for (std::size_t i = 1; i < 5; ++i) EXPECT_EQ(batch_of(i), "2,3,4,5");
    EXPECT_EQ(combiner->counts().batches, 2U);
    EXPECT_EQ(combiner->counts().members, 5U);
    EXPECT_EQ(combiner->counts().in_flight, 0U);
}

TEST_F(ACombiner, GivesEachMemberItsRowsInTheirOrder) {
    combine(kMany);
    shut_gate();
    for (const char* value : {"1", "3", "0", "2"}) send(member(value));
    open_gate();

    EXPECT_EQ(others[0].get().size(), 1U);
    const Rows three = others[1].get();
    ASSERT_EQ(three.size(), 3U);
    EXPECT_EQ(three.at(0, 0), "3");
    EXPECT_EQ(three.at(2, 0), "1");
    EXPECT_TRUE(others[2].get().empty());
    EXPECT_EQ(others[3].get().size(), 2U);
}

TEST_F(ACombiner, MakesNoBatchLargerThanAllowed) {
    combine(kMeet, {.batch_size = 2, .batches_in_flight = 1});
    shut_gate();
    for (const char* value : {"1", "2", "3", "4", "5", "6"}) send(member(value));
    open_gate();

    EXPECT_EQ(batch_of(1), "2,3");
    EXPECT_EQ(batch_of(4), "4,5");
    EXPECT_EQ(batch_of(5), "6");
}

TEST_F(ACombiner, MakesNoBatchHeavierThanAllowed) {
    combine(kMeet, {.batches_in_flight = 1, .batch_weight = 10});
    shut_gate();
    for (const auto& [value, weight] : std::initializer_list<std::pair<const char*, std::size_t>>{
             {"first", 1}, {"a", 6}, {"b", 5}, {"c", 4}, {"d", 11}, {"e", 1}}) {
        Member heavy = member(value);
        heavy.weight = weight;
        send(heavy);
    }
    open_gate();

    EXPECT_EQ(batch_of(1), "a,c");
    EXPECT_EQ(batch_of(2), "b,e");
    EXPECT_EQ(batch_of(4), "d");
}

TEST_F(ACombiner, HasNoMoreBatchesUnderWayThanAllowed) {
    combine(kMeet, {.batches_in_flight = 2});
    shut_gate();
    for (const char* value : {"1", "2", "3", "4"}) send(member(value));

    EXPECT_EQ(combiner->counts().in_flight, 2U);
    EXPECT_EQ(pool->counts().busy, 2U);
    EXPECT_EQ(waiting(), 2U);

    open_gate();
    for (std::future<Rows>& other : others) EXPECT_EQ(other.get().size(), 1U);
}

TEST_F(ACombiner, LetsWhoComesAfterASilenceGoAtOnce) {
    combine(kMeet, {.batch_interval = 1s});
    const auto before = Clock::now();

    execute(member("a"));

    EXPECT_LT(Clock::now() - before, 1s);
}

TEST_F(ACombiner, KeepsAnIntervalBetweenBatches) {
    combine(kMeet, {.batch_interval = 100ms});
    const auto before = Clock::now();

    execute(member("a"));
    execute(member("b"));
    execute(member("c"));

    EXPECT_GE(Clock::now() - before, 200ms);
    EXPECT_EQ(combiner->counts().batches, 3U);
}

TEST_F(ACombiner, LetsOthersJoinWhileItKeepsTheInterval) {
    combine(kMeet, {.batch_interval = 100ms});
    execute(member("before"));

    for (const char* value : {"1", "2", "3"})
        others.push_back(std::async(std::launch::async, [this, value] { return execute(member(value)); }));

    for (std::future<Rows>& other : others) EXPECT_EQ(other.get().size(), 1U);
    EXPECT_EQ(combiner->counts().batches, 2U);
    EXPECT_EQ(combiner->counts().members, 4U);
}

TEST_F(ACombiner, KeepsNoIntervalWhereHalfABatchWaits) {
    combine(kMeet, {.batch_size = 4, .batch_interval = 1s});
    const auto before = Clock::now();
    shut_gate();
    for (const char* value : {"1", "2", "3"}) send(member(value));
    open_gate();

    EXPECT_EQ(batch_of(1), "2,3");
    EXPECT_LT(Clock::now() - before, 1s);
}

TEST_F(ACombiner, KeepsNoIntervalWhereRowsForHalfABatchAreWanted) {
    combine(kMeet, {.batch_weight = 10, .batch_interval = 1s});
    const auto before = Clock::now();
    shut_gate();
    send(member("first"));
    for (const char* value : {"1", "2"}) {
        Member heavy = member(value);
        heavy.weight = 5;
        send(heavy);
    }
    open_gate();

    EXPECT_EQ(batch_of(1), "1,2");
    EXPECT_LT(Clock::now() - before, 1s);
}

TEST_F(ACombiner, MixesNoGroups) {
    combine(kMeet);
    shut_gate();
    send(member("first"));
    for (const auto& [value, group] :
         std::initializer_list<std::pair<const char*, std::uint64_t>>{{"a", 1}, {"b", 2}, {"c", 1}, {"d", 2}}) {
        Member one = member(value);
        one.group = group;
        send(one);
    }
    open_gate();

    EXPECT_EQ(batch_of(1), "a,c");
    EXPECT_EQ(batch_of(2), "b,d");
}

TEST_F(ACombiner, PutsNoTwoThatTouchTheSameIntoOneBatch) {
    combine(kMeet);
    shut_gate();
    send(member("first"));
    send(member("a", {"row 1"}));
    send(member("b", {"row 1", "row 2"}));
    send(member("c", {"row 2"}));  // not before b
    send(member("d", {"row 3"}));
    open_gate();

    EXPECT_EQ(batch_of(1), "a,d");
    EXPECT_EQ(batch_of(2), "b");
    EXPECT_EQ(batch_of(3), "c");
}

TEST_F(ACombiner, LetsNobodyWaitForWhatOthersTouch) {
    combine(kMeet, {.batches_in_flight = 3});
    shut_gate();
    send(member("a", {"row 1"}));
    send(member("b", {"row 1"}));
    send(member("c", {"row 2"}));

    EXPECT_EQ(waiting(), 1U);
    EXPECT_EQ(combiner->counts().in_flight, 2U);

    open_gate();
    EXPECT_EQ(batch_of(1), "b");
    EXPECT_EQ(batch_of(2), "c");
}

TEST_F(ACombiner, ExecutesEachAloneWhereItIsSwitchedOff) {
    combine(kMeet, {.combine = false});
    shut_gate();
    for (const char* value : {"1", "2", "3"}) {
        others.push_back(std::async(std::launch::async, [&, value] { return execute(member(value)); }));
    }
    EXPECT_TRUE(comes_true([&] { return pool->counts().busy == 3; }));
    EXPECT_TRUE(comes_true([&] { return combiner->counts().in_flight == 3; }));
    open_gate();

    EXPECT_EQ(batch_of(0), "1");
    EXPECT_EQ(batch_of(1), "2");
    EXPECT_EQ(batch_of(2), "3");
    EXPECT_EQ(combiner->counts().batches, 3U);
    EXPECT_EQ(combiner->counts().members, 3U);
    EXPECT_EQ(combiner->counts().in_flight, 0U);
}

TEST_F(ACombiner, SaysWhereTheTimeWent) {
    combine(kMeet);
    shut_gate();
    TimeSpent first;
    TimeSpent second;
    send(member("first"), {deadline_after(10s), &first});
    send(member("second"), {deadline_after(10s), &second});
    std::this_thread::sleep_for(30ms);
    open_gate();
    for (std::future<Rows>& other : others) other.get();

    EXPECT_GE(first.in_database, 30ms);
    EXPECT_LT(first.waiting_for_connection, 30ms);
    EXPECT_GE(second.waiting_for_connection, 30ms);
    EXPECT_GT(second.in_database, 0ms);
}

/// 16 threads, 5 things, and only one at a time at each of them.
TEST_F(ACombiner, KeepsApartWhatTouchesTheSameAlsoInAThrong) {
    combine(kAlone, {.batches_in_flight = 3});
    std::atomic<bool> stop{false};
    std::atomic<std::size_t> served{0};
    std::vector<std::thread> clients;
    for (unsigned client = 0; client < 16; ++client) {
        clients.emplace_back([&, client] {
            std::minstd_rand chance{client + 1};
            while (!stop) {
                const std::string thing = std::to_string(chance() % 5);
                const Rows rows = execute({.parameters = {std::to_string(client), thing}, .touches = {thing}});
                ASSERT_EQ(rows.size(), 1U);
                EXPECT_EQ(rows.at(0, 0), "t");
                ++served;
            }
        });
    }
    std::this_thread::sleep_for(1s);
    stop = true;
    for (std::thread& client : clients) client.join();

    const CombinerCounts counts = combiner->counts();
    EXPECT_EQ(counts.members, served);
    EXPECT_LT(counts.batches, counts.members);
    EXPECT_EQ(counts.waiting, 0U);
    EXPECT_EQ(counts.in_flight, 0U);
}

}  // namespace
}  // namespace fcgi_worker::pq
