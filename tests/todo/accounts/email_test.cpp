#include "accounts/email.hpp"

#include <gmock/gmock.h>

namespace todo {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(Email, TakesTheShapesThatPeopleHave) {
    for (const char* email :
         {"ada@example.org", "Ada.Lovelace@Example.ORG", "ada+todo@example.co.uk", "o'brien@example.ie", "a@b.cd",
          "ada_l-1815@sub.domain.example.org", "zoë@example.org", "用户@例子.公司", "ada@xn--bcher-kva.example",
          "1234567890@example.org", "ada=example.net@lists.example.org"}) {
        EXPECT_THAT(complaint_about_email(email), IsEmpty()) << email;
    }
}

TEST(Email, TakesNothingElse) {
    for (const char* email : {"",
                              "ada",
                              "@example.org",
                              "ada@",
                              "ada@localhost",
                              "ada@@example.org",
                              "ada@example..org",
                              ".ada@example.org",
                              "ada.@example.org",
                              "a..b@example.org",
                              "ada@-example.org",
                              "ada@example-.org",
                              "ada@example.org.",
                              " ada@example.org",
                              "ada@example.org ",
                              "ada lovelace@example.org",
                              "ada@exam ple.org",
                              "\"ada\"@example.org",
                              "ada@[127.0.0.1]",
                              "ada@example.org\n",
                              "ada\t@example.org",
                              "Ada <ada@example.org>",
                              "a,b@example.org",
                              "ada@example.org,bob@example.org",
                              "ada@exa_mple.org"}) {
        EXPECT_NE(complaint_about_email(email), "") << email;
    }
}

TEST(Email, HasNoControlCharacters) {
    EXPECT_NE(complaint_about_email("a\xC2\x9B@example.org"), "") << "the begin of a terminal's commands";
    EXPECT_NE(complaint_about_email("a\x7F@example.org"), "");
    EXPECT_EQ(complaint_about_email("j\xC3\xB6rg@example.org"), "");
}

TEST(Email, HasAtMost254Bytes) {
    const auto of_length = [](std::size_t length) {
        std::string email = "ada@";
        while (email.size() + 64 < length) email += std::string(40, 'a') + ".";
        return email + std::string(length - email.size() - 4, 'b') + ".org";
    };
    EXPECT_THAT(complaint_about_email(of_length(254)), IsEmpty());
    EXPECT_THAT(complaint_about_email(of_length(255)), HasSubstr("254"));
}

TEST(Email, HasAtMost64BytesBeforeTheAt) {
    EXPECT_THAT(complaint_about_email(std::string(64, 'a') + "@example.org"), IsEmpty());
    EXPECT_THAT(complaint_about_email(std::string(65, 'a') + "@example.org"), HasSubstr("64"));
}

TEST(Email, IsTheSameInAnyCase) {
    EXPECT_EQ(email_digest("Ada@Example.org"), email_digest("ada@example.ORG"));
    EXPECT_NE(email_digest("ada@example.org"), email_digest("ada@example.net"));
    EXPECT_EQ(email_digest("ada@example.org").size(), 64);
}

}  // namespace
}  // namespace todo
