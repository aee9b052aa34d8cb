#include "accounts/refresh_token.hpp"

#include <gtest/gtest.h>

#include "crypto.hpp"

namespace todo {
namespace {

struct RefreshTokens : testing::Test {
    RefreshTokens() { start_crypto(); }
    const OwnerId owner{Uuid::parse("0198c0de-0000-7000-8000-00000000000a").value()};
    const Uuid session = Uuid::parse("0198c0de-0000-7000-8000-00000000000b").value();
};

TEST_F(RefreshTokens, AreReadAsTheyWereMade) {
    const RefreshToken made = make_refresh_token(owner, session);
    const auto read = parse_refresh_token(made.text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->owner, owner);
    EXPECT_EQ(read->session, session);
    EXPECT_EQ(read->digest, made.digest);
    EXPECT_EQ(made.text.size(), 86);
}

TEST_F(RefreshTokens, AreNeverMadeTwice) {
    const RefreshToken one = make_refresh_token(owner, session);
    const RefreshToken other = make_refresh_token(owner, session);
    EXPECT_NE(one.text, other.text);
    EXPECT_NE(one.digest, other.digest);
}

TEST_F(RefreshTokens, OfAnotherFormAreNone) {
    const std::string text = make_refresh_token(owner, session).text;
    EXPECT_FALSE(parse_refresh_token(""));
    EXPECT_FALSE(parse_refresh_token(text + "A"));
    EXPECT_FALSE(parse_refresh_token(text + "=="));
    EXPECT_FALSE(parse_refresh_token(std::string(100'000, 'A')));
    for (std::size_t length = 0; length < text.size(); ++length) {
        EXPECT_FALSE(parse_refresh_token(text.substr(0, length))) << length;
    }
    for (const char odd : {'=', '+', '/', ' ', '\n', '\0', '\x80'}) {
        std::string changed = text;
        changed[40] = odd;
        EXPECT_FALSE(parse_refresh_token(changed)) << odd;
    }
}

TEST_F(RefreshTokens, HaveOneFormEach) {
    std::string text = make_refresh_token(owner, session).text;
    // 64 bytes leave four bits of the last character, which are zero: A, Q, g or w.
    ASSERT_NE(std::string("AQgw").find(text.back()), std::string::npos);
    ++text.back();
    EXPECT_FALSE(parse_refresh_token(text));
}

TEST_F(RefreshTokens, ChangedInOneCharacterHaveAnotherDigest) {
    const RefreshToken made = make_refresh_token(owner, session);
    for (std::size_t i = 0; i + 1 < made.text.size(); ++i) {
        std::string changed = made.text;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        const auto read = parse_refresh_token(changed);
        ASSERT_TRUE(read) << i;
        EXPECT_NE(read->digest, made.digest) << i;
    }
}

}  // namespace
}  // namespace todo
