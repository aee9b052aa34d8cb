/// Which requests are refused when too many come: none while a queue passes, the old ones while it stands.
#include "standing_queue.hpp"

#include <gtest/gtest.h>

namespace fcgi_worker {
namespace {

using std::chrono::milliseconds;

/// A target of 20 ms and an interval of 500 ms; all threads have been busy since the start.
struct AQueue : testing::Test {
    /// For a request taken `at` so many ms after the start.
    bool refuses(int waited_ms, int at_ms) {
        return queue.refuses(milliseconds{waited_ms}, last_free, start + milliseconds{at_ms});
    }

    StandingQueue queue{milliseconds{20}, milliseconds{500}};
    const Clock::time_point start = Clock::now();
    Clock::time_point last_free = start;
};

TEST_F(AQueue, ServesAllOfABurstThatPasses) {
    for (int at = 0; at <= 500; at += 10) EXPECT_FALSE(refuses(at, at)) << at;
}

TEST_F(AQueue, RefusesWhatHasWaitedWhenItStands) {
    EXPECT_FALSE(refuses(400, 499));
    EXPECT_TRUE(refuses(400, 501));
    EXPECT_TRUE(refuses(21, 502));
}

TEST_F(AQueue, ServesWhatIsFreshWhileItStands) {
    ASSERT_TRUE(refuses(400, 501));
    EXPECT_FALSE(refuses(20, 502));
}

TEST_F(AQueue, StandsOnWhileWhatIsServedHasWaitedAlmostAsLongAsTheTarget) {
    ASSERT_TRUE(refuses(400, 501));
    EXPECT_FALSE(refuses(19, 502));
    EXPECT_TRUE(refuses(21, 503));
}

TEST_F(AQueue, StandsOnWhereARequestOrTwoMeetsNone) {
    ASSERT_TRUE(refuses(400, 501));
    EXPECT_FALSE(refuses(5, 510));
    EXPECT_TRUE(refuses(21, 511));
    EXPECT_TRUE(refuses(21, 1010)) << "half a second after the last that was refused";
}

TEST_F(AQueue, HasPassedWhenNoneHasWaitedForAnInterval) {
    ASSERT_TRUE(refuses(400, 501));
    for (int at = 510; at <= 1100; at += 10) EXPECT_FALSE(refuses(5, at));
    EXPECT_FALSE(refuses(400, 1101)) << "a burst";
    EXPECT_FALSE(refuses(400, 1600));
    EXPECT_TRUE(refuses(400, 1601));
}

TEST_F(AQueue, IsNoneWhileAThreadHasNothingToDo) {
    last_free = start + milliseconds{550};
    EXPECT_FALSE(refuses(400, 600));
    EXPECT_TRUE(refuses(400, 1051));
}

}  // namespace
}  // namespace fcgi_worker
