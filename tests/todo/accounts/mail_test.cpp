#include "accounts/mail.hpp"

#include <gmock/gmock.h>

#include "crypto.hpp"

namespace todo {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

TEST(Mail, IsAMessageWithItsHeaders) {
    start_crypto();
    const std::chrono::system_clock::time_point now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 5} +
                                                    std::chrono::hours{7}};
    const std::string text =
        to_message({"ada@example.org", "A new password", "Line.\n\nhttps://x/#a\n"}, "todo@service.example", now);
    EXPECT_THAT(text, StartsWith("From: todo@service.example\nTo: ada@example.org\nSubject: A new password\n"
                                 "Date: Thu, 5 Nov 2026 07:00:00 +0000\nMessage-ID: <"));
    EXPECT_THAT(text.substr(text.find("Message-ID")),
                MatchesRegex("Message-ID: <[0-9a-f-]{36}@service\\.example>\n(.|\n)*"));
    EXPECT_THAT(text, HasSubstr("\nContent-Type: text/plain; charset=utf-8\n"));
    EXPECT_THAT(text, HasSubstr("\nAuto-Submitted: auto-generated\n"));
    EXPECT_EQ(text.substr(text.find("\n\n")), "\n\nLine.\n\nhttps://x/#a\n");
}

}  // namespace
}  // namespace todo
