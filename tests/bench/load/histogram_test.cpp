/// What is read from a histogram of latencies is close to what was recorded, never below it, and adds up.
#include "histogram.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace load {
namespace {

constexpr std::uint64_t kMinute = 60'000'000;

struct AHistogram : testing::Test {
    void given(std::uint64_t first, std::uint64_t last) {
        for (std::uint64_t microseconds = first; microseconds <= last; ++microseconds) histogram.record(microseconds);
    }
    [[nodiscard]] LatencySummary summary() const {
        LatencySummary all;
        all.add(histogram);
        return all;
    }

    Histogram histogram;
};

TEST_F(AHistogram, HasNothingToSayWhenNothingWasRecorded) {
    EXPECT_EQ(summary().count(), 0U);
    EXPECT_EQ(summary().greatest(), 0U);
    EXPECT_EQ(summary().at(0.99), 0U);
}

TEST_F(AHistogram, KeepsSmallValuesAsTheyAre) {
    given(0, 255);
    EXPECT_EQ(summary().at(0), 0U);
    EXPECT_EQ(summary().at(0.5), 127U);
    EXPECT_EQ(summary().at(1), 255U);
}

TEST_F(AHistogram, TellsTheShareThatWasNotExceeded) {
    given(1, 100);
    EXPECT_EQ(summary().at(0.01), 1U);
    EXPECT_EQ(summary().at(0.5), 50U);
    EXPECT_EQ(summary().at(0.99), 99U);
    EXPECT_EQ(summary().at(0.999), 100U);
}

/// The rank was rounded to the nearest: 14 of 16 are less than 90 %.
TEST_F(AHistogram, TellsNoSmallerShareThanItIsAskedFor) {
    given(1, 16);
    EXPECT_EQ(summary().at(0.9), 15U);
    EXPECT_EQ(summary().at(0.01), 1U);
}

TEST_F(AHistogram, TellsAShareThatNoDoubleIsEqualTo) {
    given(1, 100);
    EXPECT_EQ(summary().at(0.07), 7U);
    EXPECT_EQ(summary().at(0.55), 55U);
}

TEST_F(AHistogram, ShowsOneSlowRequestInAThousandAtTheEndOnly) {
    given(1, 100);
    for (int n = 0; n < 899; ++n) histogram.record(100);
    histogram.record(kMinute);
    EXPECT_EQ(summary().at(0.999), 100U);
    EXPECT_EQ(summary().at(1), kMinute);
}

TEST_F(AHistogram, KeepsTheGreatestValueAsItWas) {
    histogram.record(1'234'567);
    EXPECT_EQ(summary().greatest(), 1'234'567U);
    EXPECT_EQ(summary().at(1), 1'234'567U) << "and not the end of its bucket";
}

TEST_F(AHistogram, CountsWhatIsLongerThanItsRangeInTheLastBucket) {
    histogram.record(10 * kMinute);
    EXPECT_EQ(summary().count(), 1U);
    EXPECT_EQ(summary().greatest(), 10 * kMinute);
    EXPECT_GT(summary().at(1), 2 * kMinute);
}

TEST_F(AHistogram, AddsUpWithOthers) {
    Histogram other;
    given(1, 50);
    other.record(kMinute);
    LatencySummary both = summary();
    both.add(other);
    EXPECT_EQ(both.count(), 51U);
    EXPECT_EQ(both.greatest(), kMinute);
    EXPECT_EQ(both.at(0.5), 26U);
}

TEST_F(AHistogram, TellsWhatCameSinceAnEarlierSummary) {
    given(1, 100);
    histogram.record(kMinute);
    const LatencySummary earlier = summary();
    given(5, 7);
    EXPECT_EQ(summary().since(earlier).count(), 3U);
    EXPECT_EQ(summary().since(earlier).at(0.5), 6U);
    EXPECT_EQ(summary().since(earlier).greatest(), 7U) << "the minute was before";
}

TEST_F(AHistogram, TellsNothingWhenNothingCameSince) {
    given(1, 100);
    EXPECT_EQ(summary().since(summary()).count(), 0U);
    EXPECT_EQ(summary().since(summary()).greatest(), 0U);
}

struct ABucket : testing::Test {};

TEST_F(ABucket, FollowsTheOneBeforeWithoutAGap) {
    for (std::size_t bucket = 0; bucket + 1 < histogram::kBuckets; ++bucket) {
        EXPECT_EQ(histogram::bucket_of(histogram::greatest_in(bucket)), bucket);
        EXPECT_EQ(histogram::bucket_of(histogram::greatest_in(bucket) + 1), bucket + 1);
    }
}

TEST_F(ABucket, IsNoWiderThanItsHundredAndTwentyEighth) {
    for (std::size_t bucket = 1; bucket < histogram::kBuckets; ++bucket) {
        const std::uint64_t least = histogram::greatest_in(bucket - 1) + 1;
        EXPECT_LE((histogram::greatest_in(bucket) - least) * 128, least) << bucket;
    }
}

TEST_F(ABucket, IsTheLastForEverythingThatIsLonger) {
    EXPECT_EQ(histogram::bucket_of((1U << 27U) - 1), histogram::kBuckets - 1);
    EXPECT_EQ(histogram::bucket_of(UINT64_MAX), histogram::kBuckets - 1);
}

struct ACounter : testing::Test {
    Counter counter;
};

TEST_F(ACounter, GoesUpAndDown) {
    counter.add(5);
    counter.add();
    counter.subtract(2);
    EXPECT_EQ(counter.get(), 4U);
}

TEST_F(ACounter, IsRaisedAndNotLowered) {
    counter.raise_to(7);
    counter.raise_to(3);
    EXPECT_EQ(counter.get(), 7U);
}

}  // namespace
}  // namespace load
