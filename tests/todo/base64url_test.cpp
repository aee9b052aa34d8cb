#include "base64url.hpp"

#include <gmock/gmock.h>

namespace todo {
namespace {

using testing::Optional;

TEST(Base64url, WritesWhatRfc4648Has) {
    EXPECT_EQ(to_base64url(""), "");
    EXPECT_EQ(to_base64url("f"), "Zg");
    EXPECT_EQ(to_base64url("foo"), "Zm9v");
    EXPECT_EQ(to_base64url("foob"), "Zm9vYg");
    EXPECT_EQ(to_base64url("fooba"), "Zm9vYmE");
    EXPECT_EQ(to_base64url("foobar"), "Zm9vYmFy");
    EXPECT_EQ(to_base64url("\xfb\xff\xfe"), "-__-");
}

TEST(Base64url, ReadsWhatItWrites) {
    std::string bytes;
    for (int length = 0; length < 300; ++length) {
        EXPECT_THAT(from_base64url(to_base64url(bytes)), Optional(bytes)) << length;
        bytes += static_cast<char>(length * 37);
    }
}

TEST(Base64url, HasOneFormForEachValue) {
    EXPECT_THAT(from_base64url("Zg"), Optional(std::string{"f"}));
    for (const char* other : {"Zh", "Zg=", "Zg==", "Zm9", "Z", "Zm9vY", "Zg ", " Zg", "Zg\n"}) {
        EXPECT_EQ(from_base64url(other), std::nullopt) << other;
    }
}

TEST(Base64url, TakesItsOwn64CharactersAndNoOthers) {
    int taken = 0;
    for (int c = 0; c < 256; ++c) {
        const std::string text{'A', static_cast<char>(c), 'A', 'A'};
        if (from_base64url(text)) ++taken;
    }
    EXPECT_EQ(taken, 64);
    EXPECT_EQ(from_base64url("+/AA"), std::nullopt);
}

}  // namespace
}  // namespace todo
