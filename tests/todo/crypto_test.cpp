/// Digests and random bytes.
#include "crypto.hpp"

#include <gmock/gmock.h>

#include <array>

namespace todo {
namespace {

TEST(Sha256Hex, IsTheDigestOfEachPartBehindItsLength) {
    EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex({""}), "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc");
}

TEST(Sha256Hex, DiffersWhenAByteMovesFromOnePartToTheNext) {
    EXPECT_NE(sha256_hex({"ab", "c"}), sha256_hex({"a", "bc"}));
    EXPECT_NE(sha256_hex({"abc"}), sha256_hex({"abc", ""}));
}

TEST(FillRandom, WritesAllOfItsBytesAndNoMore) {
    start_crypto();
    std::array<unsigned char, 34> bytes{};
    fill_random(bytes.data() + 1, 32);
    std::array<unsigned char, 34> again{};
    fill_random(again.data() + 1, 32);
    EXPECT_NE(bytes, again);
    EXPECT_EQ(bytes.front() + bytes.back(), 0);
}

}  // namespace
}  // namespace todo
