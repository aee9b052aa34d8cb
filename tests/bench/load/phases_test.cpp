/// When users come, and in which phase they ask how often.
#include "phases.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct APhase : testing::Test {};

TEST_F(APhase, HasARateAndALength) {
    const Phase phase = parse_phase("2500.5:60");
    EXPECT_EQ(phase.name, "2500.5:60");
    EXPECT_EQ(phase.rate, 2500.5);
    EXPECT_EQ(phase.length, seconds{60});
    EXPECT_EQ(phase.dropped, 0U);
}

TEST_F(APhase, MayBeginWithADrop) { EXPECT_EQ(parse_phase("1000:30:drop=50000").dropped, 50'000U); }

TEST_F(APhase, MayBeSilent) { EXPECT_EQ(parse_phase("0:10").rate, 0); }

TEST_F(APhase, TakesTheBoundsThemselves) {
    EXPECT_EQ(parse_phase("10000000:86400").rate, 10'000'000);
    EXPECT_EQ(parse_phase("1:1").length, seconds{1});
}

struct WhatIsNoPhase : testing::TestWithParam<const char*> {};

TEST_P(WhatIsNoPhase, IsRefused) { EXPECT_THROW((void)parse_phase(GetParam()), std::invalid_argument); }

INSTANTIATE_TEST_SUITE_P(Text, WhatIsNoPhase,
                         testing::Values("", ":", "1000", "1000:", ":60", "-1:60", "10000001:60", "many:60", "1e3x:60",
                                         "1000:0", "1000:-5", "1000:1.5", "1000:86401", "1000:60s", "1000:60:50",
                                         "1000:60:drop", "1000:60:drop=", "1000:60:drop=-1", "1000:60:drop=1.5",
                                         "1000:60:drop=4294967296", "1000:60:drop=5:drop=6", " 1000:60", "inf:60"));

/// NaN is neither below 0 nor above the greatest rate.
INSTANTIATE_TEST_SUITE_P(NotANumber, WhatIsNoPhase, testing::Values("nan:60", "NAN:60", "-nan:60"));

TEST_F(APhase, SaysWhatIsWrongWithTheText) {
    EXPECT_THAT([] { (void)parse_phase("1000:never"); },
                testing::ThrowsMessage<std::invalid_argument>(testing::HasSubstr("'1000:never' the length")));
}

/// A thousand users who come within ten seconds, in four steps with a pause of three.
struct APlan : testing::Test {
    APlan() { plan.settle(); }
    Plan plan{.users = 1000,
              .ramp_rate = 100,
              .steps = 4,
              .step_pause = seconds{3},
              .phases = {parse_phase("50:20"), parse_phase("0:5"), parse_phase("2000:10")}};
};

TEST_F(APlan, BringsOneAfterTheOther) {
    EXPECT_EQ(plan.arrival(0), Moment{0});
    EXPECT_EQ(plan.arrival(1), milliseconds{10});
    EXPECT_EQ(plan.arrival(249), milliseconds{2490});
}

TEST_F(APlan, PausesAfterEachStep) {
    EXPECT_EQ(plan.arrival(250), milliseconds{2500} + seconds{3});
    EXPECT_EQ(plan.arrival(999), milliseconds{9990} + 3 * seconds{3});
}

TEST_F(APlan, EndsAStepWithItsPause) {
    EXPECT_EQ(plan.step_end(0), Moment{0});
    EXPECT_EQ(plan.step_end(1), milliseconds{2500} + seconds{3});
    EXPECT_EQ(plan.step_end(4), seconds{22});
}

TEST_F(APlan, BeginsWithThePhasesWhenTheLastPauseIsOver) {
    EXPECT_EQ(plan.phases[0].begin, seconds{22});
    EXPECT_EQ(plan.phases[1].begin, seconds{42});
    EXPECT_EQ(plan.phases[2].begin, seconds{47});
    EXPECT_EQ(plan.end(), seconds{57});
}

TEST_F(APlan, EndsWithTheRampWhenThereAreNoPhases) {
    plan.phases.clear();
    EXPECT_EQ(plan.end(), seconds{22});
}

TEST_F(APlan, GivesEachUserATurnOncePerPeriod) {
    EXPECT_EQ(plan.period(plan.phases[0]), seconds{20});
    EXPECT_EQ(plan.period(plan.phases[2]), milliseconds{500});
}

TEST_F(APlan, WaitsLongerWhereAUserAsksSeveralRequestsAtOnce) {
    plan.together = 4;
    EXPECT_EQ(plan.period(plan.phases[0]), seconds{80});
}

TEST_F(APlan, HasEverybodyThereBeforeTheStepIsOverWhenTheStepsAreUneven) {
    plan.steps = 7;
    EXPECT_LT(plan.arrival(142), plan.step_end(1));
    EXPECT_GE(plan.arrival(143), plan.step_end(1));
    EXPECT_LT(plan.arrival(999), plan.step_end(7));
}

TEST_F(APlan, CountsTenMillionUsersInAHundredSteps) {
    plan.users = 10'000'000;
    plan.steps = 100;
    EXPECT_EQ(plan.arrival(9'999'999), milliseconds{99'999'990} + 99 * seconds{3});
}

}  // namespace
}  // namespace load
