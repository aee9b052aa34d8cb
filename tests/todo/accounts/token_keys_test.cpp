/// The keys file: what is a set of keys, and what an operator is told where it is none.
#include "accounts/token_keys.hpp"

#include <gmock/gmock.h>

#include <ostream>
#include <string>

#include "../../fcgi_worker/temporary_folder.hpp"
#include "accounts/token.hpp"
#include "base64url.hpp"
#include "keys_file.hpp"
#include "refused_token.hpp"
#include "token_text.hpp"

namespace todo {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::Field;
using testing::HasSubstr;
using testing::Not;
using testing::Property;
using testing::StartsWith;

const std::string kServiceKey = hs256_jwk("own", kSecret);

template <typename Read>
std::string refusal(Read read) {
    try {
        (void)read();
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "(accepted)";
}
std::string refusal_of(const std::string& json) {
    return refusal([&] { return parse_token_keys(json); });
}
std::string refusal_of_file(const std::string& path) {
    return refusal([&] { return read_token_keys(path); });
}

TEST(ASetOfKeys, HasTheirNamesAndAlgorithmsInTheirOrder) {
    const auto keys = parse_token_keys(key_set({kServiceKey, rsa().jwk("theirs"), ec().jwk("theirs too")}));
    EXPECT_THAT(keys, ElementsAre(AllOf(Field(&TokenKey::kid, "own"), Field(&TokenKey::alg, "HS256")),
                                  AllOf(Field(&TokenKey::kid, "theirs"), Field(&TokenKey::alg, "RS256")),
                                  AllOf(Field(&TokenKey::kid, "theirs too"), Field(&TokenKey::alg, "ES256"))));
    EXPECT_THAT(keys, ElementsAre(Property(&TokenKey::is_own, true), Property(&TokenKey::is_own, false),
                                  Property(&TokenKey::is_own, false)));
}

TEST(ASetOfKeys, SignsWithTheFirstOfTheServicesOwn) {
    const Tokens tokens{
        parse_token_keys(key_set({ec().jwk("theirs"), hs256_jwk("new", kSecret), hs256_jwk("old", kOldSecret)})),
        {.issuer = "https://issuer.example", .audience = "todos"}};
    const Uuid id = *Uuid::parse("0198c0de-abcd-7123-89ab-0123456789ef");
    EXPECT_THAT(tokens.sign(OwnerId{id}, id, kNow),
                StartsWith(to_base64url(R"({"alg":"HS256","typ":"JWT","kid":"new"})") + '.'));
}

TEST(ASetOfKeys, MayHaveAnyNameThatJsonHasNoEscapesFor) {
    for (const std::string& kid : {std::string{" !#[]~"}, std::string(255, 'k')}) {
        const Tokens tokens{parse_token_keys(key_set({hs256_jwk(kid, kSecret)})), {}};
        const Uuid id = *Uuid::parse("0198c0de-abcd-7123-89ab-0123456789ef");
        EXPECT_EQ(tokens.verify(tokens.sign(OwnerId{id}, id, kNow), kNow).owner, OwnerId{id});
    }
}

TEST(ASetOfKeys, MaySayMoreThanIsRead) {
    EXPECT_EQ(refusal_of(key_set({kServiceKey, ec().jwk("theirs", {{"use", R"("sig")"}, {"x5c", R"(["MII"])"}})})),
              "(accepted)");
}

struct Refused {
    std::string json;
    std::string why;
};
void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.why; }

class ASetOfKeysIsRefused : public testing::TestWithParam<Refused> {};
TEST_P(ASetOfKeysIsRefused, AndTheOperatorIsToldWhy) {
    EXPECT_THAT(refusal_of(GetParam().json), AllOf(HasSubstr(GetParam().why), Not(HasSubstr("\n"))));
}

INSTANTIATE_TEST_SUITE_P(AsNoSet, ASetOfKeysIsRefused,
                         testing::Values(Refused{"", "it is no JSON"},
                                         Refused{"{", "it is no JSON: incomplete JSON at byte 1 "},
                                         Refused{"[]", R"(it is no object with an array "keys")"},
                                         Refused{"{}", R"(it is no object with an array "keys")"},
                                         Refused{R"({"keys":{}})", R"(it is no object with an array "keys")"},
                                         Refused{R"({"keys":["a"]})", R"(something in "keys" is no object)"},
                                         Refused{R"({"keys":[[]]})", R"(something in "keys" is no object)"},
                                         Refused{kServiceKey, R"(it is no object with an array "keys")"},
                                         Refused{R"({"keys":[],"keys":[]})", "the same name twice"},
                                         Refused{R"({"keys":[{"kid":"a","kid":"b"}]})", "the same name twice"}));

INSTANTIATE_TEST_SUITE_P(WithoutAKeyToSignWith, ASetOfKeysIsRefused,
                         testing::Values(Refused{key_set({}), "it has no HS256 key"},
                                         Refused{key_set({ec().jwk("theirs")}), "it has no HS256 key"},
                                         Refused{
                                             key_set({hs256_jwk("own", kSecret.substr(1))}),
                                             R"(key "own" cannot be used: it has a secret of less than 32 bytes)"}));

const std::string kKid = "key 1 has a kid that is not 1 to 255 characters of ASCII";
const std::string kNeither = "is neither oct with HS256, RSA with RS256, nor EC of P-256 with ES256";

INSTANTIATE_TEST_SUITE_P(
    WithAKeyThatIsNotNamed, ASetOfKeysIsRefused,
    testing::Values(Refused{key_set({kServiceKey, kServiceKey}), R"(two keys have the kid "own")"},
                    Refused{key_set({kServiceKey, ec().jwk("own")}), R"(two keys have the kid "own")"},
                    Refused{key_set({kServiceKey, ec().jwk("", {{"kid", ""}})}), R"(key 2 has no "kid")"},
                    Refused{key_set({ec().jwk("", {{"kid", "7"}})}), R"(key 1 has no "kid")"},
                    Refused{key_set({hs256_jwk("", kSecret)}), R"(key 1 has no "kid")"},
                    Refused{key_set({hs256_jwk(std::string(256, 'k'), kSecret)}), kKid},
                    Refused{key_set({hs256_jwk(R"(a\"b)", kSecret)}), kKid},
                    Refused{key_set({hs256_jwk(R"(a\nb)", kSecret)}), kKid},
                    Refused{key_set({hs256_jwk("schlüssel", kSecret)}), kKid}));

INSTANTIATE_TEST_SUITE_P(WithAnotherAlgorithm, ASetOfKeysIsRefused,
                         testing::Values(Refused{key_set({ec().jwk("a", {{"alg", ""}})}), R"(key "a" has no "alg")"},
                                         Refused{key_set({ec().jwk("a", {{"alg", R"("none")"}})}), kNeither},
                                         Refused{key_set({ec().jwk("a", {{"alg", R"("ES384")"}})}), kNeither},
                                         Refused{key_set({ec().jwk("a", {{"alg", R"("RS256")"}})}), kNeither},
                                         Refused{key_set({rsa().jwk("a", {{"alg", R"("HS256")"}})}), kNeither},
                                         Refused{key_set({rsa().jwk("a", {{"alg", R"("ES256")"}})}), kNeither},
                                         Refused{key_set({ec().jwk("a", {{"crv", R"("P-384")"}})}), kNeither}));

INSTANTIATE_TEST_SUITE_P(
    WithNumbersThatAreNoKey, ASetOfKeysIsRefused,
    testing::Values(Refused{key_set({rsa().jwk("a", {{"n", ""}})}), R"(key "a" has no "n")"},
                    Refused{key_set({rsa().jwk("a", {{"e", R"("AQAB=")"}})}),
                            R"(key "a" has a "e" that is no base64url without padding)"},
                    Refused{key_set({rsa().jwk("a", {{"e", R"("AQ")"}})}), "its exponent is none"},
                    Refused{key_set({ForeignKey::rsa(2040).jwk("a")}), "less than 2048 bits"},
                    Refused{key_set({ec().jwk("a", {{"x", R"("AQAB")"}})}), "x and y have 32 bytes each"},
                    Refused{key_set({ForeignKey::ec("secp256k1").jwk("a")}), "its numbers are no public key"}));

INSTANTIATE_TEST_SUITE_P(WithAPrivatePart, ASetOfKeysIsRefused,
                         testing::Values(Refused{key_set({kServiceKey, rsa().jwk("a", {{"d", R"("AQAB")"}})}),
                                                 "has its private part (d) in it"},
                                         Refused{key_set({kServiceKey, ec().jwk("a", {{"d", R"("AQAB")"}})}),
                                                 "has its private part (d) in it"},
                                         Refused{key_set({kServiceKey, ec().jwk("a", {{"d", "7"}})}),
                                                 "has its private part (d) in it"}));

// ---- The file

TEST(AFileOfKeys, IsReadWhereOthersMayNotUseIt) {
    const KeysFile file{key_set({kServiceKey})};
    EXPECT_THAT(read_token_keys(file.path()), ElementsAre(Field(&TokenKey::kid, "own")));
    file.set_mode(0640);
    EXPECT_EQ(refusal_of_file(file.path()), "(accepted)");
    for (const unsigned mode : {0644U, 0604U, 0602U, 0601U}) {
        file.set_mode(mode);
        EXPECT_THAT(refusal_of_file(file.path()), AllOf(StartsWith("--token-keys " + file.path() + ": others may"),
                                                        EndsWith("chmod o= " + file.path())));
    }
}

TEST(AFileOfKeys, IsOne) {
    const TemporaryFolder folder;
    EXPECT_THAT(refusal_of_file(folder.path), HasSubstr("there is no such file"));
    EXPECT_EQ(refusal_of_file(folder / "none"), "--token-keys " + (folder / "none") + ": there is no such file");
}

TEST(AFileOfKeys, HasOneMebibyteAtMost) {
    const KeysFile file{key_set({kServiceKey}) + std::string(std::size_t{1} << 20, ' ')};
    EXPECT_THAT(refusal_of_file(file.path()), HasSubstr("longer than 1 MiB"));
}

TEST(AFileOfKeys, IsNamedInWhatIsSaidOfItsKeys) {
    const KeysFile file{""};
    EXPECT_THAT(refusal_of_file(file.path()), StartsWith("--token-keys " + file.path() + ": it is no JSON: "));
    const KeysFile weak{key_set({hs256_jwk("own", "short")})};
    EXPECT_THAT(refusal_of_file(weak.path()), StartsWith("--token-keys " + weak.path() + ": key \"own\" "));
}

}  // namespace
}  // namespace todo
