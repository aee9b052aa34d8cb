#include "accounts/token.hpp"

#include <gmock/gmock.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <sys/stat.h>

#include <fstream>
#include <map>

#include <fcgi_worker/problem.hpp>

#include "base64url.hpp"
#include "crypto.hpp"
#include "token_signer.hpp"

namespace todo {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;
using testing::HasSubstr;

constexpr std::int64_t kNow = 1'800'000'000;
const system_clock::time_point now{seconds{kNow}};

const std::string kSecret(32, 's');
const std::string kOldSecret(32, 'o');

struct TokenTest : testing::Test {
    TokenTest() { start_crypto(); }

    /// Of the keys in the file, in this order.
    Tokens tokens_of(const std::vector<std::string>& keys) {
        return Tokens{{.keys_file = file.write(keys), .issuer = kIssuer, .audience = "todo"}};
    }
    /// Why a token is refused; empty where it is not.
    static std::string refusal(const Tokens& tokens, const std::string& token) {
        try {
            (void)tokens.verify(token, now);
        } catch (const fcgi_worker::Problem& problem) {
            EXPECT_EQ(problem.status(), 401);
            EXPECT_EQ(problem.code(), "invalid-token");
            const auto response = problem.to_response("id");
            std::string why{response.headers.find("WWW-Authenticate").value_or("")};
            EXPECT_THAT(why, testing::StartsWith(R"(Bearer error="invalid_token", error_description=")"));
            return why;
        }
        return "";
    }
    std::string refusal(const std::string& token) { return refusal(tokens, token); }

    static constexpr const char* kIssuer = "https://login.example";
    const OwnerId owner{Uuid::parse("0198c0de-0000-7000-8000-00000000000a").value()};
    const Uuid session = Uuid::parse("0198c0de-0000-7000-8000-00000000000b").value();

    KeysFile file;
    const RsaKey rsa;
    const EcKey ec;
    Tokens tokens = tokens_of({oct_jwk("new", kSecret), oct_jwk("old", kOldSecret), rsa.jwk("rsa"), ec.jwk("ec")});

    // ---- Tokens that somebody makes

    /// The claims of our own; a value that is empty leaves its name out.
    std::string own(const std::map<std::string, std::string>& changes = {}, const std::string& kid = "new",
                    const std::string& secret = kSecret) const {
        std::map<std::string, std::string> claims{{"iss", R"("todo-worker")"},
                                                  {"aud", R"("todo-worker")"},
                                                  {"sub", '"' + owner.value.to_string() + '"'},
                                                  {"sid", '"' + session.to_string() + '"'},
                                                  {"iat", std::to_string(kNow)},
                                                  {"exp", std::to_string(kNow + 900)}};
        for (const auto& [name, value] : changes) claims[name] = value;
        return sign_hs256(header("HS256", kid), object(claims), secret);
    }
    static std::map<std::string, std::string> foreign_claims(const std::map<std::string, std::string>& changes = {}) {
        std::map<std::string, std::string> claims{{"iss", R"("https://login.example")"},
                                                  {"aud", R"("todo")"},
                                                  {"sub", R"("ada")"},
                                                  {"iat", std::to_string(kNow)},
                                                  {"exp", std::to_string(kNow + 900)}};
        for (const auto& [name, value] : changes) claims[name] = value;
        return claims;
    }
    std::string by_rsa(const std::map<std::string, std::string>& changes = {}) const {
        return rsa.sign(header("RS256", "rsa"), object(foreign_claims(changes)));
    }
};

TEST_F(TokenTest, OfItsOwnIsVerified) {
    const Claims claims = tokens.verify(tokens.sign(owner, session, now), now);
    EXPECT_EQ(claims.owner, owner);
    EXPECT_EQ(claims.session, session);
    EXPECT_EQ(claims.issued_at, now);
}

TEST_F(TokenTest, MadeByOthersWithItsKeyIsVerified) { EXPECT_EQ(refusal(own()), ""); }

TEST_F(TokenTest, IsGoodForFifteenMinutes) {
    const std::string token = tokens.sign(owner, session, now - seconds{899});
    EXPECT_EQ(refusal(token), "");
    EXPECT_THAT(refusal(tokens.sign(owner, session, now - seconds{900})), HasSubstr("it has ended"));
}

TEST_F(TokenTest, ChangedInOneBitIsRefused) {
    const std::string token = tokens.sign(owner, session, now);
    for (std::size_t i = 0; i < token.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string changed = token;
            changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
            EXPECT_NE(refusal(changed), "") << i << ", bit " << bit;
        }
    }
}

TEST_F(TokenTest, CutShortIsRefused) {
    const std::string token = tokens.sign(owner, session, now);
    for (std::size_t length = 0; length < token.size(); ++length) {
        EXPECT_NE(refusal(token.substr(0, length)), "") << length;
    }
}

TEST_F(TokenTest, WithMoreBehindItIsRefused) {
    const std::string token = tokens.sign(owner, session, now);
    for (const char* more : {"=", "==", ".", "A", " ", "\n", ".AAAA"}) EXPECT_NE(refusal(token + more), "") << more;
}

TEST_F(TokenTest, LongerThan4096BytesIsRefused) {
    EXPECT_THAT(refusal(own({{"more", '"' + std::string(4096, 'x') + '"'}})), HasSubstr("4096 bytes"));
    EXPECT_THAT(refusal(std::string(100'000, 'A')), HasSubstr("4096 bytes"));
}

TEST_F(TokenTest, NamesItsKey) {
    EXPECT_EQ(refusal(own({}, "old", kOldSecret)), "");
    EXPECT_THAT(refusal(own({}, "old", kSecret)), HasSubstr("signature"));
    EXPECT_THAT(refusal(own({}, "other", kSecret)), HasSubstr("key is not known"));
    const std::string payload = object(foreign_claims());
    EXPECT_NE(refusal(sign_hs256(R"({"alg":"HS256"})", payload, kSecret)), "");
}

TEST_F(TokenTest, HasTheAlgorithmOfItsKey) {
    const std::string claims = object(foreign_claims());
    EXPECT_THAT(refusal(sign_hs256(header("HS256", "rsa"), claims, rsa.pem())), HasSubstr("algorithm"));
    EXPECT_THAT(refusal(sign_hs256(header("RS256", "rsa"), claims, rsa.pem())), HasSubstr("signature"));
    EXPECT_THAT(refusal(rsa.sign(header("RS256", "new"), claims)), HasSubstr("algorithm"));
    EXPECT_THAT(refusal(rsa.sign(header("RS256", "ec"), claims)), HasSubstr("algorithm"));
    EXPECT_THAT(refusal(rsa.sign(header("RS384", "rsa"), claims)), HasSubstr("algorithm"));
    for (const char* none : {"none", "None", "NONE", "", "hs256"}) {
        EXPECT_THAT(refusal(unsigned_token(header(none, "new"), object({{"sub", "1"}}))), HasSubstr("algorithm"))
            << none;
        EXPECT_NE(refusal(sign_hs256(header(none, "new"), claims, kSecret)), "") << none;
    }
}

TEST_F(TokenTest, AsksForNoExtension) {
    const std::string header = R"({"alg":"HS256","kid":"new","crit":["exp"]})";
    EXPECT_THAT(refusal(sign_hs256(header, "{}", kSecret)), HasSubstr("extension"));
}

TEST_F(TokenTest, HasAHeaderAndClaimsThatAreObjects) {
    for (const char* odd : {"", "[]", "1", "null", "{", R"({"alg":"HS256","alg":"HS256","kid":"new"})", "{}{}"}) {
        EXPECT_NE(refusal(sign_hs256(odd, "{}", kSecret)), "") << odd;
        EXPECT_THAT(refusal(sign_hs256(header("HS256", "new"), odd, kSecret)), HasSubstr("no JSON object")) << odd;
    }
}

TEST_F(TokenTest, SaysEachClaimOnce) {
    const std::string claims = object({{"exp", std::to_string(kNow + 900)}});
    const std::string twice = claims.substr(0, claims.size() - 1) + R"(,"exp":9999999999})";
    EXPECT_THAT(refusal(sign_hs256(header("HS256", "new"), twice, kSecret)), HasSubstr("no JSON object"));
}

TEST_F(TokenTest, IsFromAndForTheServiceItself) {
    EXPECT_THAT(refusal(own({{"iss", R"("https://login.example")"}})), HasSubstr("another issuer"));
    EXPECT_THAT(refusal(own({{"iss", ""}})), HasSubstr("another issuer"));
    EXPECT_THAT(refusal(own({{"aud", R"("todo")"}})), HasSubstr("another audience"));
    EXPECT_THAT(refusal(own({{"aud", R"(["a",["todo-worker"]])"}})), HasSubstr("another audience"));
    EXPECT_EQ(refusal(own({{"aud", R"(["a","todo-worker"])"}})), "");
}

TEST_F(TokenTest, SaysWhoseItIs) {
    for (const char* odd :
         {"", "1", "null", R"("")", R"("ada")", R"("0198c0de-0000-7000-8000-00000000000")",
          R"("{0198c0de-0000-7000-8000-00000000000a}")", R"(["0198c0de-0000-7000-8000-00000000000a"])"}) {
        EXPECT_THAT(refusal(own({{"sub", odd}})), HasSubstr("sub")) << odd;
    }
    EXPECT_THAT(refusal(own({{"sid", R"("x")"}})), HasSubstr("sid"));
}

TEST_F(TokenTest, HasAnEnd) {
    EXPECT_THAT(refusal(own({{"exp", ""}})), HasSubstr("no end"));
    EXPECT_THAT(refusal(own({{"exp", std::to_string(kNow)}})), HasSubstr("has ended"));
    EXPECT_EQ(refusal(own({{"exp", std::to_string(kNow + 1)}})), "");
    for (const char* odd :
         {"null", R"("1800000900")", "1800000900.5", "1.8e9", "-1", "99999999999999999999", "1e300"}) {
        EXPECT_THAT(refusal(own({{"exp", odd}})), HasSubstr("whole number")) << odd;
    }
}

TEST_F(TokenTest, IsNoneOfTheFuture) {
    EXPECT_THAT(refusal(own({{"nbf", std::to_string(kNow + 1)}})), HasSubstr("not good yet"));
    EXPECT_EQ(refusal(own({{"nbf", std::to_string(kNow)}})), "");
    EXPECT_EQ(refusal(own({{"iat", std::to_string(kNow + 60)}})), "");
    EXPECT_THAT(refusal(own({{"iat", std::to_string(kNow + 61)}})), HasSubstr("future"));
}

TEST_F(TokenTest, OfAnotherIssuerHasAnOwnerOfItsOwn) {
    const Claims claims = tokens.verify(by_rsa(), now);
    const auto digest = sha256(std::string{"https://login.example"} + '\0' + "ada");
    EXPECT_TRUE(std::equal(claims.owner.value.bytes().begin(), claims.owner.value.bytes().end(), digest.begin()));
    EXPECT_FALSE(claims.session);
    const std::string by_ec = ec.sign(header("ES256", "ec"), object(foreign_claims()));
    EXPECT_EQ(tokens.verify(by_ec, now).owner, claims.owner);
    EXPECT_NE(tokens.verify(by_rsa({{"sub", R"("bob")"}}), now).owner, claims.owner);
}

TEST_F(TokenTest, OfAnotherIssuerIsHisAndForUs) {
    EXPECT_THAT(refusal(by_rsa({{"iss", R"("todo-worker")"}})), HasSubstr("another issuer"));
    EXPECT_THAT(refusal(by_rsa({{"iss", R"("https://evil.example")"}})), HasSubstr("another issuer"));
    EXPECT_THAT(refusal(by_rsa({{"aud", R"("other")"}})), HasSubstr("another audience"));
    EXPECT_THAT(refusal(by_rsa({{"sub", ""}})), HasSubstr("whose"));
    EXPECT_THAT(refusal(by_rsa({{"sub", "7"}})), HasSubstr("whose"));
    EXPECT_THAT(refusal(by_rsa({{"sub", '"' + std::string(256, 'a') + '"'}})), HasSubstr("whose"));
    EXPECT_THAT(refusal(by_rsa({{"exp", std::to_string(kNow)}})), HasSubstr("has ended"));
}

TEST_F(TokenTest, OfAnotherIssuerChangedInOneBitIsRefused) {
    for (const std::string& token : {by_rsa(), ec.sign(header("ES256", "ec"), object(foreign_claims()))}) {
        ASSERT_EQ(refusal(token), "");
        for (std::size_t i = 0; i < token.size(); ++i) {
            std::string changed = token;
            changed[i] = static_cast<char>(changed[i] ^ 1);
            EXPECT_NE(refusal(changed), "") << i;
        }
    }
}

TEST_F(TokenTest, MayNameItsOwnerInAnotherClaim) {
    const Tokens by_email{{.keys_file = file.path(), .issuer = kIssuer, .audience = "todo", .owner_claim = "email"}};
    EXPECT_EQ(refusal(by_email, by_rsa({{"email", R"("ada@example.org")"}})), "");
    EXPECT_THAT(refusal(by_email, by_rsa()), HasSubstr("whose"));
}

TEST_F(TokenTest, IsSignedWithTheFirstKeyAndVerifiedWithAnyOfThem) {
    const Tokens before = tokens_of({oct_jwk("old", kOldSecret)});
    const Tokens both = tokens_of({oct_jwk("new", kSecret), oct_jwk("old", kOldSecret)});
    const Tokens after = tokens_of({oct_jwk("new", kSecret)});
    EXPECT_EQ(refusal(both, before.sign(owner, session, now)), "");
    EXPECT_EQ(refusal(after, both.sign(owner, session, now)), "");
    EXPECT_THAT(refusal(after, before.sign(owner, session, now)), HasSubstr("not known"));
}

// ---- The file

struct TokenKeysTest : TokenTest {
    std::string complaint(const std::vector<std::string>& keys) { return complaint_about(file.write(keys)); }
    static std::string complaint_about(const std::string& path, const std::string& issuer = kIssuer) {
        try {
            const Tokens made{{.keys_file = path, .issuer = issuer, .audience = issuer.empty() ? "" : "todo"}};
        } catch (const std::runtime_error& error) {
            EXPECT_THAT(error.what(), testing::Not(HasSubstr("\n")));
            return error.what();
        }
        return "";
    }
};

TEST_F(TokenKeysTest, AreInAFileThatOthersCannotRead) {
    EXPECT_EQ(complaint({oct_jwk("new", kSecret)}), "");
    ASSERT_EQ(chmod(file.path().c_str(), 0644), 0);
    EXPECT_THAT(complaint_about(file.path()), HasSubstr("chmod"));
    ASSERT_EQ(chmod(file.path().c_str(), 0640), 0);
    EXPECT_EQ(complaint_about(file.path()), "");
    EXPECT_THAT(complaint_about("/nowhere/keys.json"),
                HasSubstr("--token-keys /nowhere/keys.json: there is no such file"));
}

TEST_F(TokenKeysTest, AreASetOfJwks) {
    EXPECT_THAT(complaint_about(file.write_text("nonsense")), HasSubstr("no JSON"));
    EXPECT_THAT(complaint_about(file.write_text("[]")), HasSubstr("\"keys\""));
    EXPECT_THAT(complaint_about(file.write_text(R"({"keys":[1]})")), HasSubstr("no object"));
    EXPECT_THAT(complaint({}), HasSubstr("no HS256 key"));
    EXPECT_THAT(complaint({rsa.jwk("rsa")}), HasSubstr("no HS256 key"));
}

TEST_F(TokenKeysTest, HaveANameOfTheirOwnAndOneAlgorithm) {
    EXPECT_THAT(complaint({R"({"kty":"oct","alg":"HS256","k":"AA"})"}), HasSubstr("key 1 has no \"kid\""));
    EXPECT_THAT(complaint({R"({"kty":"oct","kid":"a","k":"AA"})"}), HasSubstr("no \"alg\""));
    EXPECT_THAT(complaint({R"({"kty":"oct","kid":"a","alg":"HS512","k":"AA"})"}), HasSubstr("neither"));
    EXPECT_THAT(complaint({oct_jwk("a", kSecret), oct_jwk("a", kOldSecret)}), HasSubstr("two keys"));
}

TEST_F(TokenKeysTest, AreStrongEnough) {
    EXPECT_THAT(complaint({oct_jwk("a", std::string(31, 'x'))}), HasSubstr("32 bytes"));
    EXPECT_THAT(complaint({oct_jwk("a", kSecret), RsaKey{1024}.jwk("rsa")}), HasSubstr("2048"));
    EXPECT_THAT(complaint({R"({"kty":"oct","kid":"a","alg":"HS256","k":"AA=="})"}), HasSubstr("base64url"));
}

TEST_F(TokenKeysTest, OfOthersArePublicOnes) {
    std::string jwk = rsa.jwk("rsa");
    jwk.insert(jwk.size() - 1, R"(,"d":"AAAA")");
    EXPECT_THAT(complaint({oct_jwk("a", kSecret), jwk}), HasSubstr("private"));
    EXPECT_THAT(complaint({oct_jwk("a", kSecret),
                           R"({"kty":"EC","kid":"e","alg":"ES256","crv":"P-256","x":"AAAA","y":"AAAA"})"}),
                HasSubstr("32 bytes"));
    const std::string zero = to_base64url(std::string(32, '\0'));
    EXPECT_THAT(complaint({oct_jwk("a", kSecret), R"({"kty":"EC","kid":"e","alg":"ES256","crv":"P-256","x":")" + zero +
                                                      R"(","y":")" + zero + "\"}"}),
                HasSubstr("no public key"));
}

TEST_F(TokenKeysTest, OfOthersNeedTheirIssuer) {
    const std::string path = file.write({oct_jwk("a", kSecret), rsa.jwk("rsa")});
    EXPECT_THAT(complaint_about(path, ""), HasSubstr("--token-issuer"));
    EXPECT_THAT(complaint_about(path, "todo-worker"), HasSubstr("itself")) << "its own tokens could be forged";
}

}  // namespace
}  // namespace todo
