/// Times as text.
#include "timestamp.hpp"

#include <gmock/gmock.h>

namespace todo {
namespace {

using std::chrono::milliseconds;
using testing::Eq;
using testing::Optional;

const Timestamp kMorning{milliseconds{1'769'847'300'123}};

TEST(Timestamp, IsWrittenInUtcWithMilliseconds) {
    EXPECT_EQ(to_string(kMorning), "2026-01-31T08:15:00.123Z");
    EXPECT_EQ(to_string(Timestamp{milliseconds{0}}), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(to_string(Timestamp{milliseconds{-1}}), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(to_string(Timestamp{milliseconds{1'709'164'805'007}}), "2024-02-29T00:00:05.007Z");
}

class SameMoment : public testing::TestWithParam<const char*> {};
TEST_P(SameMoment, IsReadInEachWayThatProgramsWriteIt) {
    EXPECT_THAT(parse_timestamp(GetParam()), Optional(Eq(kMorning)));
}
INSTANTIATE_TEST_SUITE_P(Forms, SameMoment,
                         testing::Values("2026-01-31T08:15:00.123Z", "2026-01-31t08:15:00.123z",
                                         "2026-01-31T08:15:00.123000Z", "2026-01-31T08:15:00.123000000+00:00",
                                         "2026-01-31T09:45:00.123+01:30", "2026-01-30T22:15:00.123-10:00"));

TEST(Timestamp, MayHaveNoFraction) {
    EXPECT_THAT(parse_timestamp("1970-01-01T00:00:01Z"), Optional(Eq(Timestamp{milliseconds{1000}})));
    EXPECT_THAT(parse_timestamp("1970-01-01T00:00:00.5Z"), Optional(Eq(Timestamp{milliseconds{500}})));
}

class NoTimestamp : public testing::TestWithParam<const char*> {};
TEST_P(NoTimestamp, IsNone) { EXPECT_FALSE(parse_timestamp(GetParam())); }
INSTANTIATE_TEST_SUITE_P(Texts, NoTimestamp,
                         testing::Values("", "now", "2026-01-31", "2026-01-31T08:15:00.123", "2026-01-31 08:15:00.123Z",
                                         "2026-02-29T08:15:00Z", "2026-13-01T08:15:00Z", "2026-01-00T08:15:00Z",
                                         "2026-01-31T24:00:00Z", "2026-01-31T08:60:00Z", "2026-01-31T08:15:60Z",
                                         "2026-01-31T08:15:00.Z", "2026-01-31T08:15:00.1234Z",
                                         "2026-01-31T08:15:00.0000000000Z", "2026-01-31T08:15:00+24:00",
                                         "2026-01-31T08:15:00+0100", "2026-01-31T08:15:00ZZ", "26-01-31T08:15:00Z",
                                         "0000-12-31T23:59:59.999Z", "0001-01-01T00:00:00+00:01",
                                         "9999-12-31T23:59:59-00:01", "2026-1-31T08:15:00Z", "-026-01-31T08:15:00Z",
                                         "2026-01-31T+8:15:00Z"));

}  // namespace
}  // namespace todo
