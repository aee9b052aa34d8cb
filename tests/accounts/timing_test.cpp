/// The measurement itself: that it finds nothing is worth something only where it would have found something.
#include "timing.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace api {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::Le;

/// A password's hash on a machine that others use as well: 100 ms, most of the time up to a third more or less, one in
/// twenty twice as long; and all of it up to three times as long while others compile.
struct Machine {
    explicit Machine(unsigned seed) : generator{seed} {}

    double hash(double progress) {
        const double noise = std::lognormal_distribution{0.0, 0.27}(generator);
        const double hiccup = std::bernoulli_distribution{0.05}(generator) ? 2 : 1;
        return 100 * noise * hiccup * (1 + 2 * progress);
    }
    /// 50 pairs, of which each second takes so many times as long.
    Durations durations(double times) {
        Durations result;
        for (int i = 0; i < 50; ++i) {
            result.first.push_back(hash(i / 50.0));
            result.second.push_back(times * hash(i / 50.0));
        }
        return result;
    }

    std::mt19937 generator;
};

/// Of 100 measurements, those with less than this chance.
int found_of_100(double times, double chance) {
    int found = 0;
    for (unsigned seed = 0; seed < 100; ++seed) {
        if (difference_of(Machine{seed}.durations(times)).chance < chance) ++found;
    }
    return found;
}

TEST(TimingDifference, IsFoundWhereOneOfTheTwoIsNotHashed) { EXPECT_EQ(found_of_100(0.02, kLeastChance), 100); }

TEST(TimingDifference, IsFoundWhereOneOfTheTwoTakesHalfAsLongAgain) {
    EXPECT_THAT(found_of_100(1.5, kLeastChance), Ge(95));
    EXPECT_THAT(found_of_100(1 / 1.5, kLeastChance), Ge(95));
}

TEST(TimingDifference, IsNotFoundWhereThereIsNone) { EXPECT_THAT(found_of_100(1, kLeastChance), Le(1)); }

TEST(TimingDifference, HasTheChanceThatItSays) { EXPECT_THAT(found_of_100(1, 0.1), AllOf(Ge(3), Le(20))); }

TEST(TimingDifference, OfAMillisecondIsFoundWhereTheMachineIsQuiet) {
    std::mt19937 generator{1};
    std::normal_distribution noise{100.0, 1.0};
    Durations durations;
    for (int i = 0; i < 50; ++i) {
        durations.first.push_back(noise(generator));
        durations.second.push_back(noise(generator) + 1.5);
    }
    EXPECT_LT(difference_of(durations).chance, kLeastChance);
}

TEST(TimingDifference, IsToldInMedians) {
    const Difference difference = difference_of({{10, 10, 10, 10, 900}, {12, 12, 12, 12, 12}});
    EXPECT_EQ(difference.first_median, 10);
    EXPECT_EQ(difference.second_median, 12);
    EXPECT_NEAR(difference.share, 0.2, 1e-9);
}

TEST(TimingDifference, IsMeasuredInTurns) {
    std::vector<char> order;
    const Durations durations = take_turns(
        100, [&] { order.push_back('a'); }, [&] { order.push_back('b'); });
    EXPECT_EQ(durations.first.size(), 100U);
    EXPECT_EQ(durations.second.size(), 100U);
    int first_came_first = 0;
    for (std::size_t pair = 0; pair < 100; ++pair) {
        EXPECT_NE(order.at(2 * pair), order.at(2 * pair + 1)) << "a pair has one of each";
        if (order.at(2 * pair) == 'a') ++first_came_first;
    }
    EXPECT_THAT(first_came_first, AllOf(Ge(20), Le(80)));
}

}  // namespace
}  // namespace api
