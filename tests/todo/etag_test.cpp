/// Entity tags: what they are made of, and how a client's conditions are read.
#include "etag.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <string>

namespace todo {
namespace {

using testing::ElementsAre;

TEST(EntityTag, IsVersionAndCreationTime) {
    Todo todo;
    todo.version = 3;
    todo.created_at = Timestamp{std::chrono::milliseconds{1763942400123}};
    EXPECT_EQ(entity_tag(todo), "3-1763942400123");
    EXPECT_EQ(quoted(entity_tag(todo)), "\"3-1763942400123\"");
}

TEST(TagCondition, OfAStarMatchesAnything) {
    const auto condition = parse_tag_condition(" * ");
    ASSERT_TRUE(condition);
    EXPECT_TRUE(condition->matches("1-2"));
}

TEST(TagCondition, MatchesEachOfItsTagsAndNoOther) {
    const auto condition = parse_tag_condition(R"("1-2" ,"3-4",	"5-6")");
    ASSERT_TRUE(condition);
    EXPECT_THAT(condition->tags, ElementsAre("1-2", "3-4", "5-6"));
    EXPECT_TRUE(condition->matches("5-6"));
    EXPECT_FALSE(condition->matches("5-7"));
}

TEST(TagCondition, TakesOurOwnTagsThatAProxyWeakened) {
    const auto condition = parse_tag_condition(R"(W/"1-2")");
    ASSERT_TRUE(condition);
    EXPECT_TRUE(condition->matches("1-2"));
}

TEST(TagCondition, MayHaveEmptyElementsAndForeignTags) {
    const auto condition = parse_tag_condition(R"(, "", ,"a,b!ü",)");
    ASSERT_TRUE(condition);
    EXPECT_THAT(condition->tags, ElementsAre("", "a,b!ü"));
}

TEST(TagCondition, HasUpTo100Tags) {
    std::string header;
    for (int i = 0; i < 100; ++i) header += "\"1-2\",";
    EXPECT_TRUE(parse_tag_condition(header));
    EXPECT_FALSE(parse_tag_condition(header + "\"1-2\""));
}

class MalformedTagCondition : public testing::TestWithParam<const char*> {};
TEST_P(MalformedTagCondition, IsNone) { EXPECT_FALSE(parse_tag_condition(GetParam())); }
INSTANTIATE_TEST_SUITE_P(Headers, MalformedTagCondition,
                         testing::Values("", " ", ",", "1-2", "\"", "\"1-2", "1-2\"", "\"1-2\" \"3-4\"", "\"1-2\"x",
                                         "*,*", "*, \"1-2\"", "w/\"1-2\"", "W/", "W/ \"1-2\"", "\"1 2\"", "\"\x7F\"",
                                         "\"\t\""));

}  // namespace
}  // namespace todo
