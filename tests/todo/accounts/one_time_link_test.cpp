#include "accounts/one_time_link.hpp"

#include <gtest/gtest.h>

#include "crypto.hpp"

namespace todo {
namespace {

struct LinkCodes : testing::Test {
    LinkCodes() { start_crypto(); }
    const OwnerId owner{Uuid::parse("0198c0de-0000-7000-8000-00000000000a").value()};
};

TEST_F(LinkCodes, AreReadAsTheyWereMade) {
    const LinkCode made = make_link_code(owner);
    const auto read = parse_link_code(made.text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->owner, owner);
    EXPECT_EQ(read->digest, made.digest);
    EXPECT_EQ(made.text.size(), 64);
}

TEST_F(LinkCodes, AreNeverMadeTwice) { EXPECT_NE(make_link_code(owner).digest, make_link_code(owner).digest); }

TEST_F(LinkCodes, OfAnotherFormAreNone) {
    const std::string text = make_link_code(owner).text;
    EXPECT_FALSE(parse_link_code(text + "A"));
    EXPECT_FALSE(parse_link_code(text + "="));
    EXPECT_FALSE(parse_link_code(std::string(100'000, 'A')));
    for (std::size_t length = 0; length < text.size(); ++length) {
        EXPECT_FALSE(parse_link_code(text.substr(0, length))) << length;
    }
    for (const char odd : {'=', '+', '/', ' ', '\n', '\0', '\x80'}) {
        std::string changed = text;
        changed[40] = odd;
        EXPECT_FALSE(parse_link_code(changed)) << odd;
    }
}

TEST_F(LinkCodes, ChangedInOneCharacterAreOthers) {
    const LinkCode made = make_link_code(owner);
    for (std::size_t i = 0; i < made.text.size(); ++i) {
        std::string changed = made.text;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        const auto read = parse_link_code(changed);
        ASSERT_TRUE(read) << i;
        EXPECT_NE(read->digest, made.digest) << i;
    }
}

}  // namespace
}  // namespace todo
