/// Signatures: the examples of RFC 7515, and what is no signature or no key.
#include "accounts/signature.hpp"

#include <gmock/gmock.h>

#include <stdexcept>
#include <string>
#include <variant>

#include "base64url.hpp"

namespace todo {
namespace {

const std::string kPayload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

std::string bytes(std::string_view text) { return from_base64url(text).value(); }

/// A key, a text and its signature.
struct Example {
    std::variant<HmacSha256, PublicKey> key;
    std::string text;
    std::string signature;

    [[nodiscard]] bool verifies(std::string_view other_text, std::string_view other_signature) const {
        return std::visit([&](const auto& one) { return one.verifies(other_text, other_signature); }, key);
    }
};

const std::string kHs256Secret =
    bytes("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");

/// Appendix A.1
Example hs256_example() {
    return {HmacSha256{kHs256Secret}, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + kPayload,
            bytes("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")};
}

/// Appendix A.2
Example rs256_example() {
    return {PublicKey::rsa(bytes("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEz"
                                 "P1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf6"
                                 "3kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Zw"
                                 "Kh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW"
                                 "yuXpoQ"),
                           bytes("AQAB")),
            "eyJhbGciOiJSUzI1NiJ9." + kPayload,
            bytes("cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9"
                  "uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB"
                  "_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq"
                  "Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw")};
}

/// Appendix A.3
Example es256_example() {
    return {PublicKey::p256(bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                            bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")),
            "eyJhbGciOiJFUzI1NiJ9." + kPayload,
            bytes("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")};
}

class TheSignature : public testing::TestWithParam<Example (*)()> {
protected:
    const Example example = GetParam()();
};
TEST_P(TheSignature, OfTheStandardsExampleMatches) {
    EXPECT_TRUE(example.verifies(example.text, example.signature));
    EXPECT_TRUE(example.verifies(example.text, example.signature)) << "the second time";
}
TEST_P(TheSignature, MatchesNoOtherText) {
    EXPECT_FALSE(example.verifies(example.text + ".", example.signature));
    EXPECT_FALSE(example.verifies("", example.signature));
}
TEST_P(TheSignature, MatchesInItsOwnLengthOnly) {
    EXPECT_FALSE(example.verifies(example.text, ""));
    EXPECT_FALSE(example.verifies(example.text, example.signature.substr(1)));
    EXPECT_FALSE(example.verifies(example.text, example.signature.substr(0, example.signature.size() - 1)));
    EXPECT_FALSE(example.verifies(example.text, example.signature + '\0'));
    EXPECT_FALSE(example.verifies(example.text, '\0' + example.signature));
}
TEST_P(TheSignature, IsNotAllZerosOrOnes) {
    EXPECT_FALSE(example.verifies(example.text, std::string(example.signature.size(), '\0')));
    EXPECT_FALSE(example.verifies(example.text, std::string(example.signature.size(), '\xFF')));
}
INSTANTIATE_TEST_SUITE_P(Hs256, TheSignature, testing::Values(&hs256_example));
INSTANTIATE_TEST_SUITE_P(Rs256, TheSignature, testing::Values(&rs256_example));
INSTANTIATE_TEST_SUITE_P(Es256, TheSignature, testing::Values(&es256_example));

TEST(AnHs256Key, SignsAsTheStandardsExampleDoes) {
    EXPECT_EQ(HmacSha256{kHs256Secret}.sign(hs256_example().text), hs256_example().signature);
}

TEST(AnHs256Key, HasThirtyTwoBytesAtLeast) {
    EXPECT_NO_THROW(HmacSha256{std::string(32, 'k')});
    EXPECT_THROW(HmacSha256{std::string(31, 'k')}, std::invalid_argument);
}

TEST(AnEs256Key, IsAPointOfItsCurve) {
    const std::string x = bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
    EXPECT_THROW((void)PublicKey::p256(x, x), std::invalid_argument);
    EXPECT_THROW((void)PublicKey::p256(std::string(32, '\0'), std::string(32, '\0')), std::invalid_argument);
    EXPECT_THROW((void)PublicKey::p256(x, x.substr(1)), std::invalid_argument);
    EXPECT_THROW((void)PublicKey::p256("", ""), std::invalid_argument);
}

TEST(AnRs256Key, HasAModulusAndAnExponentThatCanBeOne) {
    const std::string even(256, '\xF0');
    EXPECT_THROW((void)PublicKey::rsa(even, "\x01\x01\x01"), std::invalid_argument);
    EXPECT_THROW((void)PublicKey::rsa("", ""), std::invalid_argument);
    EXPECT_THROW((void)PublicKey::rsa(std::string(256, '\xFF'), std::string(1, '\x01')), std::invalid_argument);
    EXPECT_THROW((void)PublicKey::rsa(std::string(256, '\xFF'), "\x02"), std::invalid_argument);
    EXPECT_THROW((void)PublicKey::rsa(std::string(256, '\xFF'), std::string(9, '\x01')), std::invalid_argument);
    EXPECT_THROW((void)PublicKey::rsa(std::string(1025, '\xFF'), "\x01\x01\x01"), std::invalid_argument);
}

}  // namespace
}  // namespace todo
