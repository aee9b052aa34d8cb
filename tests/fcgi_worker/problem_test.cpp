#include <fcgi_worker/problem.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace fcgi_worker {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::Optional;

std::string body_with_detail(std::string detail) {
    return Problem{400, "c", "t", std::move(detail)}.to_response("r").body;
}

TEST(Problem, IsAnsweredInTheFormOfRfc9457) {
    const Response response = Problem{404, "not-found", "Not found", "There is no such todo."}.to_response("req-1");
    EXPECT_EQ(response.status, 404);
    EXPECT_THAT(response.headers.find("Content-Type"), Optional(std::string_view{"application/problem+json"}));
    EXPECT_THAT(response.headers.find("Cache-Control"), Optional(std::string_view{"no-store"}));
    EXPECT_EQ(response.body, R"({"type":"/problems/not-found","title":"Not found","status":404,)"
                             R"("detail":"There is no such todo.","request_id":"req-1"})");
}

TEST(Problem, ListsTheFieldsThatAreWrong) {
    const Problem problem{
        422, "invalid-todo", "Invalid", "Look at errors.", {{"/title", "is blank"}, {"", "has \"x\""}}};
    EXPECT_THAT(problem.to_response("r").body, HasSubstr(R"("errors":[{"pointer":"/title","detail":"is blank"},)"
                                                         R"({"pointer":"","detail":"has \"x\""}]})"));
}

TEST(Problem, HasTheStatusOfAFault) {
    for (const int status : {0, 200, 399, 600}) {
        EXPECT_THROW((throw Problem{status, "c", "t", "d"}), std::logic_error) << status;
    }
}

TEST(Problem, LeavesErrorsOutWhereThereAreNone) { EXPECT_THAT(body_with_detail("d"), Not(HasSubstr("errors"))); }

TEST(Problem, EscapesQuotesBackslashesAndControlCharacters) {
    EXPECT_THAT(body_with_detail("a\"b\\c\n\t\x1f\x7f/"), HasSubstr("\"a\\\"b\\\\c\\u000a\\u0009\\u001f\x7f/\""));
    EXPECT_THAT(body_with_detail(std::string{"a\0b", 3}), HasSubstr(R"("a\u0000b")"));
}

TEST(Problem, KeepsUtf8AsItIs) {
    const std::string text = "\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80 \xED\x9F\xBF \xEE\x80\x80 \xF4\x8F\xBF\xBF";
    EXPECT_THAT(body_with_detail(text), HasSubstr('"' + text + '"'));
}

TEST(Problem, ReplacesEachByteThatIsNoUtf8) {
    const std::string mark = "\xEF\xBF\xBD";
    for (const char* byte : {"\x80", "\xC3", "\xFF", "\xC1", "\xF5", "\xE2"}) {
        EXPECT_THAT(body_with_detail(std::string{byte} + "x"), HasSubstr('"' + mark + "x\"")) << byte;
    }
    EXPECT_THAT(body_with_detail("\xC0\xAF"), HasSubstr('"' + mark + mark + '"')) << "overlong";
    EXPECT_THAT(body_with_detail("\xE0\x80\x80"), HasSubstr('"' + mark + mark + mark + '"')) << "overlong";
    EXPECT_THAT(body_with_detail("\xF0\x80\x80\x80"), HasSubstr('"' + mark + mark + mark + mark + '"')) << "overlong";
    EXPECT_THAT(body_with_detail("\xED\xA0\x80"), HasSubstr('"' + mark + mark + mark + '"')) << "surrogate";
    EXPECT_THAT(body_with_detail("\xF4\x90\x80\x80"), HasSubstr('"' + mark + mark + mark + mark + '"')) << "too large";
    EXPECT_THAT(body_with_detail("\xE2\x82"), HasSubstr('"' + mark + mark + '"')) << "cut short";
}

TEST(Problem, CarriesHeadersOfItsOwn) {
    const Response response = Problem{401, "unauthorized", "Unauthorized", "Sign in."}
                                  .with("WWW-Authenticate", "Bearer")
                                  .with("Cache-Control", "no-cache")
                                  .to_response("r");
    EXPECT_THAT(response.headers.find("WWW-Authenticate"), Optional(std::string_view{"Bearer"}));
    EXPECT_THAT(response.headers.find("Cache-Control"), Optional(std::string_view{"no-cache"}));
}

TEST(Unavailable, TellsTheClientWhenAndNotWhy) {
    const Unavailable unavailable{"password authentication failed", std::chrono::seconds{3}};
    const Response response = unavailable.to_response("req-2");
    EXPECT_STREQ(unavailable.what(), "password authentication failed");
    EXPECT_EQ(response.status, 503);
    EXPECT_THAT(response.headers.find("Retry-After"), Optional(std::string_view{"3"}));
    EXPECT_THAT(response.body, HasSubstr(R"("type":"/problems/unavailable")"));
    EXPECT_THAT(response.body, HasSubstr(R"("request_id":"req-2")"));
    EXPECT_THAT(response.body, Not(HasSubstr("password")));
}

TEST(Unavailable, NeverInvitesAnImmediateRetry) {
    const Response response = Unavailable{"", std::chrono::seconds{0}}.to_response("r");
    EXPECT_THAT(response.headers.find("Retry-After"), Optional(std::string_view{"1"}));
}

}  // namespace
}  // namespace fcgi_worker
