/// Uuid: ids as text, and the ones that the worker makes.
#include "uuid.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include "crypto.hpp"

namespace todo {
namespace {

using testing::Each;
using testing::Eq;
using testing::IsTrue;

TEST(Uuid, ReadsBothCasesAndWritesLowerCase) {
    const auto id = Uuid::parse("0198C0DE-abcd-7123-89AB-0123456789ef");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->to_string(), "0198c0de-abcd-7123-89ab-0123456789ef");
}

TEST(Uuid, SortsAsItsTextDoes) {
    EXPECT_LT(*Uuid::parse("00000000-0000-7000-8000-0000000000ff"),
              *Uuid::parse("00000001-0000-7000-8000-000000000000"));
}

class MalformedUuid : public testing::TestWithParam<const char*> {};
TEST_P(MalformedUuid, IsNone) { EXPECT_FALSE(Uuid::parse(GetParam())); }
INSTANTIATE_TEST_SUITE_P(Forms, MalformedUuid,
                         testing::Values("", "1", "0198c0deabcd7123 89ab0123456789ef",
                                         "0198c0deabcd712389ab0123456789ef", "0198c0de-abcd-7123-89ab-0123456789e",
                                         "0198c0de-abcd-7123-89ab-0123456789ef0",
                                         "0198c0de-abcd-7123-89ab-0123456789eg", "0198c0de_abcd-7123-89ab-0123456789ef",
                                         "{0198c0de-abcd-7123-89ab-0123456789e",
                                         "0198c0de-abcd-7123-89ab--123456789ef"));

struct UuidV7 : testing::Test {
    UuidV7() { start_crypto(); }
};

TEST_F(UuidV7, CarriesVersionVariantAndTime) {
    using std::chrono::milliseconds;
    const auto now = [] {
        return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    };
    const auto before = now();
    const std::string text = make_uuid_v7().to_string();
    const auto after = now();

    EXPECT_EQ(text[14], '7');
    EXPECT_THAT(std::string("89ab"), testing::Contains(text[19]));
    const long long made = std::stoll(text.substr(0, 8) + text.substr(9, 4), nullptr, 16);
    EXPECT_GE(made, before);
    EXPECT_LE(made, after + 1000);  // Ahead by what was made faster than the clock ticks.
}

TEST_F(UuidV7, IsLargerThanTheOneBeforeInTheSameInstant) {
    const auto now = std::chrono::system_clock::now();
    const Uuid first = make_uuid_v7(now);
    const Uuid second = make_uuid_v7(now);
    EXPECT_LT(first, second);
    EXPECT_LT(second, make_uuid_v7(now));
}

TEST_F(UuidV7, IsLargerThanTheOneBeforeWhenTheClockIsSetBack) {
    const Uuid before = make_uuid_v7();
    EXPECT_LT(before, make_uuid_v7(std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}));
}

TEST_F(UuidV7, NeverRepeatsAndGrowsInEachOfSeveralThreads) {
    std::vector<std::vector<Uuid>> made(4, std::vector<Uuid>(5'000));
    std::vector<std::thread> threads;
    threads.reserve(made.size());
    for (auto& ids : made)
        threads.emplace_back([&ids] { std::generate(ids.begin(), ids.end(), [] { return make_uuid_v7(); }); });
    for (auto& thread : threads) thread.join();

    std::set<Uuid> all;
    std::vector<bool> sorted;
    for (const auto& ids : made) {
        all.insert(ids.begin(), ids.end());
        sorted.push_back(std::is_sorted(ids.begin(), ids.end()));
    }
    EXPECT_THAT(all.size(), Eq(20'000));
    EXPECT_THAT(sorted, Each(IsTrue()));
}

}  // namespace
}  // namespace todo
