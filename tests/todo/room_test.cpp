/// The room that an owner has is counted as seldom as it may be.
#include "room.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "crypto.hpp"

namespace todo {
namespace {

struct ARoom : testing::Test {
    static void SetUpTestSuite() { start_crypto(); }

    std::size_t taken() {
        std::size_t count = 0;
        while (room.take(owner)) ++count;
        return count;
    }

    Room room{10'000};
    const OwnerId owner{make_uuid_v7()};
};

TEST_F(ARoom, IsCountedFirst) { EXPECT_FALSE(room.take(owner)); }

TEST_F(ARoom, IsCountedAgainAfterAShareOfIt) {
    room.note(owner, 3599);
    EXPECT_EQ(taken(), 100U);
    EXPECT_FALSE(room.take(owner));
    room.note(owner, 0);
    EXPECT_EQ(taken(), 156U);
}

TEST_F(ARoom, IsCountedEachTimeWhereFewAreLeft) {
    room.note(owner, 9'999 - Room::kShare);
    EXPECT_EQ(taken(), 1U);
    room.note(owner, 10'000 - Room::kShare);
    EXPECT_EQ(taken(), 0U);
    room.note(owner, 10'000);
    EXPECT_EQ(taken(), 0U);
    room.note(owner, 20'000);
    EXPECT_EQ(taken(), 0U);
}

TEST_F(ARoom, ForgetsWhatItKnewWhenItIsCountedAgain) {
    room.note(owner, 200);
    room.note(owner, 10'000);
    EXPECT_FALSE(room.take(owner));
}

TEST_F(ARoom, GetsBackWhatWasNotUsed) {
    room.note(owner, 9'999 - Room::kShare);
    ASSERT_TRUE(room.take(owner));
    room.give_back(owner);
    EXPECT_EQ(taken(), 1U);
}

TEST_F(ARoom, IsNotBelievedForLong) {
    constexpr std::chrono::milliseconds kMoment{500};
    Room forgetful{10'000, kMoment};
    forgetful.note(owner, 200);
    ASSERT_TRUE(forgetful.take(owner));
    std::this_thread::sleep_for(kMoment);
    EXPECT_FALSE(forgetful.take(owner));
    EXPECT_TRUE(forgetful.take(owner)) << "one counts, and those beside it do not";
}

TEST_F(ARoom, IsEachOwnersOwn) {
    room.note(owner, 200);
    EXPECT_FALSE(room.take(OwnerId{make_uuid_v7()}));
    EXPECT_TRUE(room.take(owner));
}

TEST_F(ARoom, RemembersSoManyOwnersAndNoMore) {
    room.note(owner, 200);
    for (std::size_t i = 0; i + 1 < Room::kOwners; ++i) room.note(OwnerId{make_uuid_v7()}, 200);
    EXPECT_TRUE(room.take(owner));
    room.note(OwnerId{make_uuid_v7()}, 200);
    EXPECT_FALSE(room.take(owner));
}

}  // namespace
}  // namespace todo
