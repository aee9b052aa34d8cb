#include <fcgi_worker/http.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace fcgi_worker {
namespace {

using testing::ElementsAre;
using testing::Optional;
using testing::Pair;

TEST(Fields, FindTheirFirstValueWhateverTheCaseOfTheName) {
    const Fields fields{{"Accept", "text/html"}, {"accept", "*/*"}};
    EXPECT_THAT(fields.find("ACCEPT"), Optional(std::string_view{"text/html"}));
}

TEST(Fields, TellAnEmptyValueFromNone) {
    const Fields fields{{"a", ""}};
    EXPECT_THAT(fields.find("a"), Optional(std::string_view{}));
    EXPECT_EQ(fields.find("b"), std::nullopt);
    EXPECT_EQ(fields.find("aa"), std::nullopt);
}

TEST(Fields, KeepTheOrderOfWhatIsAdded) {
    Fields fields;
    EXPECT_TRUE(fields.empty());
    fields.add("b", "1");
    fields.add("a", "2");
    fields.add("b", "3");
    EXPECT_THAT(fields, ElementsAre(Pair("b", "1"), Pair("a", "2"), Pair("b", "3")));
}

TEST(Fields, ReplaceAllOfOneNameBySet) {
    Fields fields{{"Vary", "a"}, {"Age", "1"}, {"vary", "b"}};
    fields.set("VARY", "c");
    EXPECT_THAT(fields, ElementsAre(Pair("Age", "1"), Pair("VARY", "c")));
}

TEST(Fields, MayBeSetByANameOfTheirOwn) {
    Fields fields{{"a-name-that-is-too-long-to-be-stored-inside-the-string", "1"}, {"b", "2"}};
    fields.set(fields.begin()->first, "3");
    EXPECT_THAT(fields.find("a-name-that-is-too-long-to-be-stored-inside-the-string"), Optional(std::string_view{"3"}));
}

TEST(Request, SaysThatARouteHasNoSuchParameter) {
    Request request;
    request.path_parameters.add("id", "7");
    EXPECT_EQ(request.path_parameter("id"), "7");
    EXPECT_THROW((void)request.path_parameter("name"), std::logic_error);
}

TEST(Response, IsWrittenAsOneExpression) {
    const Response response = Response{204, {}, {}}.with("ETag", "\"1\"").with("Vary", "Origin");
    EXPECT_EQ(response.status, 204);
    EXPECT_THAT(response.headers, ElementsAre(Pair("ETag", "\"1\""), Pair("Vary", "Origin")));
}

TEST(PercentDecode, TakesDigitsOfBothCases) {
    EXPECT_THAT(percent_decode("a%2Fb%2fc+%C3%A4"), Optional(std::string{"a/b/c+\xC3\xA4"}));
    EXPECT_THAT(percent_decode(""), Optional(std::string{}));
    EXPECT_THAT(percent_decode("%00"), Optional(std::string(1, '\0')));
}

TEST(PercentDecode, RefusesAPercentSignThatMeansNothing) {
    for (const char* text : {"%", "%4", "a%", "%zz", "%4g", "%%41", "%-1", "% 1"}) {
        EXPECT_EQ(percent_decode(text), std::nullopt) << text;
    }
}

TEST(PercentEncode, KeepsOnlyWhatIsUnreserved) {
    EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(percent_encode("a b/\xC3\xA4%+"), "a%20b%2F%C3%A4%25%2B");
}

TEST(PercentEncode, IsUndoneByPercentDecodeForEachByte) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    EXPECT_THAT(percent_decode(percent_encode(all)), Optional(all));
}

TEST(ParseQuery, DecodesNamesAndValues) {
    const auto query = parse_query("a=1&b=x+y%26z&%63=&a=2&d&=e");
    ASSERT_TRUE(query);
    EXPECT_THAT(*query, ElementsAre(Pair("a", "1"), Pair("b", "x y&z"), Pair("c", ""), Pair("a", "2"), Pair("d", ""),
                                    Pair("", "e")));
}

TEST(ParseQuery, SplitsAtTheFirstEqualsSign) {
    const auto query = parse_query("cursor=abc==");
    ASSERT_TRUE(query);
    EXPECT_THAT(*query, ElementsAre(Pair("cursor", "abc==")));
}

TEST(ParseQuery, PassesOverWhatIsEmpty) {
    const auto query = parse_query("&&a=1&");
    ASSERT_TRUE(query);
    EXPECT_THAT(*query, ElementsAre(Pair("a", "1")));
    ASSERT_TRUE(parse_query(""));
    EXPECT_TRUE(parse_query("")->empty());
}

TEST(ParseQuery, RefusesBrokenEncoding) {
    EXPECT_EQ(parse_query("a=%4"), std::nullopt);
    EXPECT_EQ(parse_query("ok=1&%zz=1"), std::nullopt);
}

}  // namespace
}  // namespace fcgi_worker
