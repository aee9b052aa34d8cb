/// Access tokens of another issuer: which are believed, and whose they are.
#include <gmock/gmock.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "accounts/token.hpp"
#include "refused_token.hpp"
#include "token_text.hpp"

namespace todo {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;

const Uuid kSomebody = *Uuid::parse("0198c0de-abcd-7123-89ab-0123456789ef");

std::string keys() { return key_set({hs256_jwk("own", kSecret), rsa().jwk("RS256-key"), ec().jwk("ES256-key")}); }

std::string their_claims(const std::vector<Member>& changes = {}) {
    return json({{"iss", R"("https://issuer.example")"},
                 {"aud", R"("todos")"},
                 {"sub", R"("alice")"},
                 {"iat", "1795000000"},
                 {"exp", "1795000900"}},
                changes);
}
TokenOptions options() { return {.keys_file = "keys.json", .issuer = "https://issuer.example", .audience = "todos"}; }

/// With one of its keys, of either algorithm.
struct ATokenOfTheOtherIssuer : testing::TestWithParam<const char*> {
    [[nodiscard]] static std::string header(const std::string& algorithm) {
        return json({{"alg", '"' + algorithm + '"'}, {"kid", '"' + algorithm + "-key\""}});
    }
    [[nodiscard]] static const ForeignKey& pair() { return std::string_view{GetParam()} == "RS256" ? rsa() : ec(); }
    [[nodiscard]] static std::string with(const std::vector<Member>& changes) {
        return pair().token(header(GetParam()), their_claims(changes));
    }
    [[nodiscard]] auto refusal(std::string_view token) const { return refusal_of(tokens, token); }

    const Tokens tokens{parse_token_keys(keys()), options()};
};

TEST_P(ATokenOfTheOtherIssuer, NamesAnOwnerAndNoSession) {
    const OwnerId alice{*Uuid::parse("d0c1e6aa-a26b-1226-a7b0-a1a3e4c6800d")};  // By sha256sum.
    const Claims claims = tokens.verify(with({}), kNow);
    EXPECT_EQ(claims.owner, alice);
    EXPECT_EQ(claims.session, std::nullopt);
    EXPECT_EQ(claims.issued_at, kNow);
}

TEST_P(ATokenOfTheOtherIssuer, NamesAnotherOwnerForEachOfItsPeople) {
    EXPECT_NE(tokens.verify(with({{"sub", R"("bob")"}}), kNow).owner, tokens.verify(with({}), kNow).owner);
}

TEST_P(ATokenOfTheOtherIssuer, MayNameSeveralAudiences) {
    EXPECT_EQ(refusal(with({{"aud", R"(["mail","todos"])"}})), std::nullopt);
}

TEST_P(ATokenOfTheOtherIssuer, IsRefusedForAnotherAudience) {
    EXPECT_THAT(refusal(with({{"aud", R"("mail")"}})), IsRefusedAs("it is for another audience"));
    EXPECT_THAT(refusal(with({{"aud", R"(["mail"])"}})), IsRefusedAs("it is for another audience"));
    EXPECT_THAT(refusal(with({{"aud", R"("todo-worker")"}})), IsRefusedAs("it is for another audience"));
}

TEST_P(ATokenOfTheOtherIssuer, IsRefusedUnderAnotherName) {
    EXPECT_THAT(refusal(with({{"iss", R"("https://issuer.example/")"}})), IsRefusedAs("it is from another issuer"));
}

TEST_P(ATokenOfTheOtherIssuer, IsRefusedWhereItSaysThatTheServiceMadeIt) {
    EXPECT_THAT(refusal(with({{"iss", R"("todo-worker")"},
                              {"aud", R"(["todo-worker","todos"])"},
                              {"sub", R"("0198c0de-abcd-7123-89ab-0123456789ef")"}})),
                IsRefusedAs("it is from another issuer"));
}

TEST_P(ATokenOfTheOtherIssuer, NamesItsOwnerInOneTo255Bytes) {
    EXPECT_EQ(refusal(with({{"sub", '"' + std::string(255, 'a') + '"'}})), std::nullopt);
    for (const std::string& odd : {std::string{}, std::string{R"("")"}, std::string{"7"}, std::string{R"(["alice"])"},
                                   '"' + std::string(256, 'a') + '"'}) {
        EXPECT_THAT(refusal(with({{"sub", odd}})), IsRefusedAs("it does not say whose it is")) << odd;
    }
}

TEST_P(ATokenOfTheOtherIssuer, HasItsTimesAsAnyHas) {
    EXPECT_THAT(refusal(with({{"exp", "1795000000"}})), IsRefusedAs("it has ended"));
    EXPECT_THAT(refusal(with({{"iat", ""}})), IsRefusedAs("it does not say when it was issued"));
    EXPECT_THAT(refusal(with({{"nbf", "1795000001"}})), IsRefusedAs("it is not good yet"));
}

TEST_P(ATokenOfTheOtherIssuer, MayNameItsOwnerInAnotherClaim) {
    TokenOptions by_mail = options();
    by_mail.owner_claim = "email";
    const Tokens others{parse_token_keys(keys()), by_mail};
    EXPECT_EQ(others.verify(with({{"email", R"("a@example.org")"}}), kNow).owner,
              tokens.verify(with({{"sub", R"("a@example.org")"}}), kNow).owner);
    EXPECT_THAT(refusal_of(others, with({})), IsRefusedAs("it does not say whose it is"));
}

/// Who has the public key has all of an HMAC's secret, if the token may choose the algorithm.
TEST_P(ATokenOfTheOtherIssuer, IsRefusedWithASecretThatIsThePublicKey) {
    const std::string id = std::string{GetParam()} + "-key";
    const std::string confused = json({{"alg", R"("HS256")"}, {"kid", '"' + id + '"'}});
    for (const std::string& secret : {rsa().jwk(id), ec().jwk(id), rsa().pem(), ec().pem()}) {
        EXPECT_THAT(refusal(hs256_token(confused, their_claims(), secret)),
                    IsRefusedAs("its algorithm is not that of its key"));
        EXPECT_THAT(refusal(hs256_token(header(GetParam()), their_claims(), secret)),
                    IsRefusedAs("its signature does not match"));
    }
}

TEST_P(ATokenOfTheOtherIssuer, IsRefusedUnderAnotherAlgorithm) {
    const std::string id = std::string{GetParam()} + "-key";
    for (const char* other : {"none", "None", "", "HS256", "RS384", "ES384", "PS256"}) {
        const std::string named = json({{"alg", '"' + std::string{other} + '"'}, {"kid", '"' + id + '"'}});
        EXPECT_THAT(refusal(pair().token(named, their_claims())), IsRefusedAs("its algorithm is not that of its key"));
        EXPECT_THAT(refusal(unsigned_token(named, their_claims()) + '.'),
                    IsRefusedAs("its algorithm is not that of its key"));
    }
    const ForeignKey& other = std::string_view{GetParam()} == "RS256" ? ec() : rsa();
    EXPECT_THAT(refusal(other.token(header(GetParam()), their_claims())), IsRefusedAs("its signature does not match"));
}

TEST_P(ATokenOfTheOtherIssuer, IsRefusedUnderTheServicesKey) {
    EXPECT_THAT(refusal(pair().token(R"({"alg":"HS256","kid":"own"})", their_claims())),
                IsRefusedAs("its signature does not match"));
    EXPECT_THAT(refusal(pair().token(json({{"alg", '"' + std::string{GetParam()} + '"'}, {"kid", R"("own")"}}),
                                     their_claims())),
                IsRefusedAs("its algorithm is not that of its key"));
}

TEST_P(ATokenOfTheOtherIssuer, IsRefusedWithTheSignatureOfAnotherKey) {
    const ForeignKey stranger = std::string_view{GetParam()} == "RS256" ? ForeignKey::rsa() : ForeignKey::ec();
    EXPECT_THAT(refusal(stranger.token(header(GetParam()), their_claims())),
                IsRefusedAs("its signature does not match"));
}

TEST_P(ATokenOfTheOtherIssuer, IsRefusedWithAnyOfItsBitsChanged) {
    const std::string token = with({});
    std::vector<bool> believed;
    for (std::size_t i = 0; i < 8 * token.size(); ++i) {
        std::string changed = token;
        changed[i / 8] = static_cast<char>(static_cast<unsigned char>(changed[i / 8]) ^ (1U << (i % 8)));
        believed.push_back(!refusal(changed).has_value());
    }
    EXPECT_THAT(believed, Each(false));
}

TEST_P(ATokenOfTheOtherIssuer, IsRefusedCutAtAnyLength) {
    const std::string token = with({});
    std::vector<bool> believed;
    for (std::size_t size = 0; size < token.size(); ++size) {
        believed.push_back(!refusal(std::string_view{token}.substr(0, size)).has_value());
    }
    EXPECT_THAT(believed, Each(false));
}

INSTANTIATE_TEST_SUITE_P(Algorithms, ATokenOfTheOtherIssuer, testing::Values("RS256", "ES256"));

TEST_F(ATokenOfTheOtherIssuer, IsNeverMadeWithTheServicesSecret) {
    EXPECT_THAT(refusal(hs256_token(R"({"alg":"HS256","kid":"own"})", their_claims())),
                IsRefusedAs("it is from another issuer"));
}

TEST_F(ATokenOfTheOtherIssuer, IsNoReasonToDoubtTheServicesOwn) {
    EXPECT_EQ(tokens.verify(tokens.sign(OwnerId{kSomebody}, kSomebody, kNow), kNow).owner, OwnerId{kSomebody});
}

TEST_P(ATokenOfTheOtherIssuer, IsVerifiedByAnyThread) {
    const std::string token = with({});
    std::atomic<int> refused{0};
    std::vector<std::thread> threads(4);
    for (std::thread& thread : threads) {
        thread = std::thread{[&] {
            for (int times = 0; times < 50; ++times) {
                if (refusal(token) || refusal(tokens.sign(OwnerId{kSomebody}, kSomebody, kNow))) ++refused;
            }
        }};
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(refused, 0);
}

// ---- The start

std::string start_error(const TokenOptions& given) {
    try {
        const Tokens tokens{parse_token_keys(keys()), given};
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "(started)";
}

TEST(Tokens, NeedTheNamesOfTheIssuerWhoseKeysThereAre) {
    EXPECT_EQ(start_error(options()), "(started)");
    EXPECT_THAT(start_error({.keys_file = "keys.json", .issuer = "https://issuer.example"}),
                AllOf(HasSubstr("keys.json"), HasSubstr("say whose with --token-issuer and --token-audience")));
    EXPECT_THAT(start_error({.keys_file = "keys.json", .audience = "todos"}),
                HasSubstr("say whose with --token-issuer and --token-audience"));
}

TEST(Tokens, AreOfAnIssuerThatIsNotTheServiceItself) {
    EXPECT_THAT(start_error({.keys_file = "keys.json", .issuer = "todo-worker", .audience = "todos"}),
                HasSubstr("itself"))
        << "its own tokens could be forged";
}

}  // namespace
}  // namespace todo
