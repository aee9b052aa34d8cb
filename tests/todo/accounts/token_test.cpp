/// The service's own access tokens: what it makes, what it believes, and what it does not.
#include "accounts/token.hpp"

#include <gmock/gmock.h>

#include <ostream>
#include <string>
#include <vector>

#include "base64url.hpp"
#include "refused_token.hpp"
#include "token_text.hpp"

namespace todo {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Each;

const OwnerId kOwner{*Uuid::parse("0198c0de-abcd-7123-89ab-0123456789ef")};
const Uuid kSession = *Uuid::parse("0198c0de-0000-7123-89ab-0123456789ef");

std::string jose_header(const std::vector<Member>& changes = {}) {
    return json({{"alg", R"("HS256")"}, {"typ", R"("JWT")"}, {"kid", R"("new")"}}, changes);
}
std::string claims(const std::vector<Member>& changes = {}) {
    return json({{"iss", R"("todo-worker")"},
                 {"aud", R"("todo-worker")"},
                 {"sub", R"("0198c0de-abcd-7123-89ab-0123456789ef")"},
                 {"sid", R"("0198c0de-0000-7123-89ab-0123456789ef")"},
                 {"iat", "1795000000"},
                 {"exp", "1795000900"}},
                changes);
}
std::string token_with(const std::vector<Member>& changes) { return hs256_token(jose_header(), claims(changes)); }

struct ATokenOfTheService : testing::Test {
    [[nodiscard]] static Tokens with_keys(const std::vector<std::string>& keys) {
        return Tokens{parse_token_keys(key_set(keys)), TokenOptions{.keys_file = "keys.json"}};
    }
    [[nodiscard]] auto refusal(std::string_view text, std::chrono::system_clock::time_point now = kNow) const {
        return refusal_of(tokens, text, now);
    }

    const Tokens tokens = with_keys({hs256_jwk("new", kSecret), hs256_jwk("old", kOldSecret)});
    const std::string token = tokens.sign(kOwner, kSession, kNow);
};

TEST_F(ATokenOfTheService, NamesItsOwnerAndItsSession) {
    const Claims claims = tokens.verify(token, kNow);
    EXPECT_EQ(claims.owner, kOwner);
    EXPECT_EQ(claims.session, kSession);
    EXPECT_EQ(claims.issued_at, kNow);
}

TEST_F(ATokenOfTheService, IsWhatTheStandardsSay) {
    EXPECT_EQ(token, hs256_token(R"({"alg":"HS256","typ":"JWT","kid":"new"})",
                                 R"({"iss":"todo-worker","aud":"todo-worker",)"
                                 R"("sub":"0198c0de-abcd-7123-89ab-0123456789ef",)"
                                 R"("sid":"0198c0de-0000-7123-89ab-0123456789ef","iat":1795000000,"exp":1795000900})"));
}

TEST_F(ATokenOfTheService, LivesForFifteenMinutes) {
    EXPECT_EQ(refusal(token, kNow + kTokenLife - milliseconds{1}), std::nullopt);
    EXPECT_THAT(refusal(token, kNow + kTokenLife), IsRefusedAs("it has ended"));
    EXPECT_THAT(refusal(token, kNow + hours{24 * 365}), IsRefusedAs("it has ended"));
}

TEST_F(ATokenOfTheService, MayComeFromAMachineWhoseClockIsAMinuteAhead) {
    EXPECT_EQ(refusal(token, kNow - seconds{60}), std::nullopt);
    EXPECT_THAT(refusal(token, kNow - seconds{60} - milliseconds{1}), IsRefusedAs("it was issued in the future"));
}

TEST_F(ATokenOfTheService, IsBelievedUntilItsKeyIsTakenAway) {
    const Tokens before = with_keys({hs256_jwk("old", kOldSecret)});
    const std::string old = before.sign(kOwner, kSession, kNow);
    EXPECT_EQ(tokens.verify(old, kNow).owner, kOwner);
    EXPECT_THAT(refusal_of(with_keys({hs256_jwk("new", kSecret)}), old), IsRefusedAs("its key is not known here"));
    EXPECT_THAT(refusal_of(before, token), IsRefusedAs("its key is not known here"));
}

TEST_F(ATokenOfTheService, IsRefusedUnderTheNameOfAnotherKey) {
    EXPECT_THAT(refusal(hs256_token(jose_header({{"kid", R"("old")"}}), claims())),
                IsRefusedAs("its signature does not match"));
}

TEST_F(ATokenOfTheService, MaySayMoreThanIsRead) {
    EXPECT_EQ(refusal(hs256_token(jose_header({{"x5t", "[{}]"}}), claims({{"scope", R"({"a":[1]})"}}))), std::nullopt);
}

TEST_F(ATokenOfTheService, MayNameSeveralAudiences) {
    EXPECT_EQ(refusal(token_with({{"aud", R"(["another", "todo-worker"])"}})), std::nullopt);
}

TEST_F(ATokenOfTheService, IsNotValidBeforeItSays) {
    EXPECT_EQ(refusal(token_with({{"nbf", "1795000000"}})), std::nullopt);
    EXPECT_THAT(refusal(token_with({{"nbf", "1795000001"}})), IsRefusedAs("it is not good yet"));
}

TEST_F(ATokenOfTheService, MayLastUntilTheYear2242) {
    EXPECT_EQ(refusal(token_with({{"exp", "8589934592"}})), std::nullopt);
}

// ---- RefusedToken

struct RefusedToken {
    std::string token;
    std::string why;
};
void PrintTo(const RefusedToken& refused, std::ostream* out) { *out << refused.token.substr(0, 200); }

class ATokenIsRefused : public ATokenOfTheService, public testing::WithParamInterface<RefusedToken> {};
TEST_P(ATokenIsRefused, AndTheClientIsToldWhy) { EXPECT_THAT(refusal(GetParam().token), IsRefusedAs(GetParam().why)); }

RefusedToken with_header(const std::vector<Member>& changes, std::string why) {
    return {hs256_token(jose_header(changes), claims()), std::move(why)};
}
RefusedToken with_claims(const std::vector<Member>& changes, std::string why) {
    return {token_with(changes), std::move(why)};
}
RefusedToken with_texts(const std::string& header_text, const std::string& claims_text, std::string why) {
    return {hs256_token(header_text, claims_text), std::move(why)};
}

const std::string kNoParts = "it has no three parts";
const std::string kNoBase64 = "a part of it is no base64url without padding";
const std::string kNoJson = "a part of it is no JSON object";
const std::string kAlgorithm = "its algorithm is not that of its key";
const std::string kTime = "one of its times is no whole number of seconds";
const std::string kUnnamed = "it does not name its key and algorithm";

INSTANTIATE_TEST_SUITE_P(
    ForItsShape, ATokenIsRefused,
    testing::Values(RefusedToken{"", kNoParts}, RefusedToken{".", kNoParts}, RefusedToken{"a", kNoParts},
                    RefusedToken{"a.b", kNoParts}, RefusedToken{"a.b.c.d", kNoParts},
                    RefusedToken{token_with({}) + ".", kNoParts}, RefusedToken{'.' + token_with({}), kNoParts},
                    RefusedToken{"..", kNoJson}, RefusedToken{"a.b.c", kNoBase64},
                    RefusedToken{token_with({}) + '=', kNoBase64}, RefusedToken{token_with({}) + "==", kNoBase64},
                    RefusedToken{token_with({}) + 'A', "its signature does not match"},
                    RefusedToken{token_with({}) + '\n', kNoBase64}, RefusedToken{token_with({}) + ".AAAA", kNoParts},
                    RefusedToken{token_with({}) + ' ', kNoBase64}, RefusedToken{token_with({}) + '\0', kNoBase64},
                    RefusedToken{' ' + token_with({}), kNoBase64}, RefusedToken{'+' + token_with({}), kNoBase64},
                    RefusedToken{'\xFF' + token_with({}), kNoBase64}));

INSTANTIATE_TEST_SUITE_P(
    ForItsHeader, ATokenIsRefused,
    testing::Values(with_header({{"alg", R"("none")"}}, kAlgorithm), with_header({{"alg", R"("None")"}}, kAlgorithm),
                    with_header({{"alg", R"("hs256")"}}, kAlgorithm), with_header({{"alg", R"("HS512")"}}, kAlgorithm),
                    with_header({{"alg", R"("RS256")"}}, kAlgorithm), with_header({{"alg", ""}}, kUnnamed),
                    with_header({{"alg", R"(["HS256"])"}}, kUnnamed), with_header({{"alg", "null"}}, kUnnamed),
                    with_header({{"alg", R"("NONE")"}}, kAlgorithm), with_header({{"alg", R"("")"}}, kAlgorithm),
                    RefusedToken{unsigned_token(jose_header({{"alg", R"("none")"}}), claims()) + '.', kAlgorithm},
                    RefusedToken{unsigned_token(jose_header(), claims()) + '.', "its signature does not match"},
                    with_header({{"kid", ""}}, kUnnamed), with_header({{"kid", "7"}}, kUnnamed),
                    with_header({{"kid", R"("")"}}, "its key is not known here"),
                    with_header({{"kid", R"("newer")"}}, "its key is not known here"),
                    with_header({{"crit", R"(["exp"])"}}, "it asks for an extension that is not known here"),
                    with_header({{"crit", "null"}}, "it asks for an extension that is not known here")));

INSTANTIATE_TEST_SUITE_P(
    ForItsJson, ATokenIsRefused,
    testing::Values(with_texts("", claims(), kNoJson), with_texts("null", claims(), kNoJson),
                    with_texts("[" + jose_header() + "]", claims(), kNoJson),
                    with_texts(jose_header() + "x", claims(), kNoJson), with_texts("{", claims(), kNoJson),
                    with_texts(R"({"alg":"none","alg":"HS256","kid":"new"})", claims(), kNoJson),
                    with_texts(R"({"alg":"HS256","kid":"old","kid":"new"})", claims(), kNoJson),
                    with_texts(jose_header(), "", kNoJson), with_texts(jose_header(), "1", kNoJson),
                    with_texts(jose_header(), "[]", kNoJson), with_texts(jose_header(), claims() + "{}", kNoJson),
                    with_texts(jose_header(), R"({"exp":1,"exp":1795000900})", kNoJson),
                    with_texts(jose_header(), R"({"e\u0078p":1,"exp":1795000900})", kNoJson),
                    with_texts(jose_header(), R"({"a":{"b":1,"b":1}})", kNoJson),
                    with_texts(jose_header(), "{\"sub\":\"\xFF\"}", kNoJson),
                    with_texts(jose_header(), R"({"sub":"\u0000"})", kNoJson)));

INSTANTIATE_TEST_SUITE_P(
    ForItsTimes, ATokenIsRefused,
    testing::Values(with_claims({{"exp", ""}}, "it has no end"),
                    with_claims({{"iat", ""}}, "it does not say when it was issued"),
                    with_claims({{"exp", R"("1795000900")"}}, kTime), with_claims({{"exp", "null"}}, kTime),
                    with_claims({{"exp", "1795000900.5"}}, kTime), with_claims({{"iat", "1795000000.5"}}, kTime),
                    with_claims({{"nbf", "1.5"}}, kTime), with_claims({{"nbf", "null"}}, kTime),
                    with_claims({{"exp", "true"}}, kTime), with_claims({{"exp", "[1795000900]"}}, kTime),
                    with_claims({{"exp", "9007199254740993"}}, kTime), with_claims({{"exp", "1e30"}}, kTime),
                    with_claims({{"exp", "18446744073709551616"}}, kTime), with_claims({{"exp", "1e999"}}, kNoJson),
                    with_claims({{"exp", "1795000000"}}, "it has ended"), with_claims({{"exp", "0"}}, "it has ended"),
                    with_claims({{"exp", "-1"}}, kTime), with_claims({{"exp", "8589934593"}}, kTime),
                    with_claims({{"exp", "1.7950009e9"}}, kTime)));

const std::string kIssuer = "it is from another issuer";
const std::string kAudience = "it is for another audience";
const std::string kWhose = "its sub is no owner";
const std::string kWhichSession = "its sid is no session";

INSTANTIATE_TEST_SUITE_P(
    ForWhatItSays, ATokenIsRefused,
    testing::Values(with_claims({{"iss", ""}}, kIssuer), with_claims({{"iss", R"("Todo-worker")"}}, kIssuer),
                    with_claims({{"iss", R"(["todo-worker"])"}}, kIssuer), with_claims({{"aud", ""}}, kAudience),
                    with_claims({{"aud", R"("todo")"}}, kAudience), with_claims({{"aud", "[]"}}, kAudience),
                    with_claims({{"aud", R"(["todo", 7, null])"}}, kAudience),
                    with_claims({{"aud", R"([["todo-worker"]])"}}, kAudience),
                    with_claims({{"aud", R"(["a",["todo-worker"]])"}}, kAudience),
                    with_claims({{"aud", R"({"a":"todo-worker"})"}}, kAudience), with_claims({{"sub", ""}}, kWhose),
                    with_claims({{"sub", "7"}}, kWhose), with_claims({{"sub", R"("alice")"}}, kWhose),
                    with_claims({{"sub", R"("")"}}, kWhose), with_claims({{"sub", "null"}}, kWhose),
                    with_claims({{"sub", R"("0198c0de-abcd-7123-89ab-0123456789e")"}}, kWhose),
                    with_claims({{"sub", R"("{0198c0de-abcd-7123-89ab-0123456789ef}")"}}, kWhose),
                    with_claims({{"sub", R"(["0198c0de-abcd-7123-89ab-0123456789ef"])"}}, kWhose),
                    with_claims({{"sub", R"("0198c0deabcd712389ab0123456789ef")"}}, kWhose),
                    with_claims({{"sub", R"("00000000-0000-0000-0000-000000000000")"}}, kWhose),
                    with_claims({{"sub", R"(" 0198c0de-abcd-7123-89ab-0123456789ef")"}}, kWhose),
                    with_claims({{"sid", ""}}, kWhichSession), with_claims({{"sid", R"("1")"}}, kWhichSession),
                    with_claims({{"sid", R"("00000000-0000-0000-0000-000000000000")"}}, kWhichSession)));

TEST_F(ATokenOfTheService, IsRefusedWithAnyOfItsBitsChanged) {
    std::vector<bool> believed;
    for (std::size_t i = 0; i < 8 * token.size(); ++i) {
        std::string changed = token;
        changed[i / 8] = static_cast<char>(static_cast<unsigned char>(changed[i / 8]) ^ (1U << (i % 8)));
        believed.push_back(!refusal(changed).has_value());
    }
    EXPECT_THAT(believed, Each(false));
}

TEST_F(ATokenOfTheService, IsRefusedCutAtAnyLength) {
    std::vector<bool> believed;
    for (std::size_t size = 0; size < token.size(); ++size) {
        believed.push_back(!refusal(std::string_view{token}.substr(0, size)).has_value());
    }
    EXPECT_THAT(believed, Each(false));
}

TEST_F(ATokenOfTheService, IsRefusedWhereItsLastBitsMeanNothing) {
    ASSERT_TRUE(from_base64url(token.substr(token.rfind('.') + 1)));
    const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string odd = token;
    odd.back() = alphabet[alphabet.find(odd.back()) + 1];  // 32 bytes leave two bits, and one of them is set now.
    EXPECT_THAT(refusal(odd), IsRefusedAs(kNoBase64));
}

TEST_F(ATokenOfTheService, HasAtMost4096Bytes) {
    std::string longest;
    std::string next;
    for (std::size_t size = 2600; next.size() <= kLongestToken; ++size) {
        longest = next;
        next = token_with({{"pad", '"' + std::string(size, 'x') + '"'}});
    }
    EXPECT_EQ(refusal(longest), std::nullopt);
    EXPECT_THAT(refusal(next), IsRefusedAs("it is longer than 4096 bytes"));
    EXPECT_THAT(refusal(token_with({{"pad", '"' + std::string(100'000, 'x') + '"'}})),
                IsRefusedAs("it is longer than 4096 bytes"));
    EXPECT_THAT(refusal(std::string(100'000, '.')), IsRefusedAs("it is longer than 4096 bytes"));
}

TEST_F(ATokenOfTheService, MeansNothingToAnotherService) {
    const Tokens others = with_keys({hs256_jwk("new", kOldSecret)});
    EXPECT_THAT(refusal_of(others, token), IsRefusedAs("its signature does not match"));
}

}  // namespace
}  // namespace todo
