/// Digests and random bytes.
#include "crypto.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

#include "../fcgi_worker/limited_memory.hpp"

namespace todo {
namespace {

TEST(Sha256, IsTheDigestOfTheBytesAlone) {
    const auto digest = sha256("abc");  // FIPS 180-2, B.1: ba7816bf ... f20015ad
    EXPECT_EQ((std::array{digest[0], digest[1], digest[30], digest[31]}),
              (std::array<std::uint8_t, 4>{0xBA, 0x78, 0x15, 0xAD}));
}

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

TEST(IsPasswordDeathTest, TellsWantOfMemoryFromAnotherPassword) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer needs more addresses than may be left here";
#endif
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto ask_without_memory = [] {
        start_crypto();
        const std::string hash = hash_password("correct horse battery");
        if (is_password(hash, "another one") || !is_password(hash, "correct horse battery")) std::_Exit(1);
        fcgi_worker::leave_room_for(kPasswordMemory / 2);
        try {
            (void)is_password(hash, "correct horse battery");
        } catch (const std::bad_alloc&) {
            std::_Exit(7);
        }
    };
    EXPECT_EXIT(ask_without_memory(), testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace todo
