/// What is kept of a JSON object. Which text is one, wire_test.cpp says for a body.
#include "json_object.hpp"

#include <gmock/gmock.h>

#include <string>

#include <fcgi_worker/problem.hpp>

namespace todo {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// The value of the only member.
JsonValue value_in(std::string_view text) {
    const JsonObject members = parse_json_object(text);
    EXPECT_THAT(members, SizeIs(1));
    return members.at(0).value;
}
JsonContainer container_in(std::string_view text) { return std::get<JsonContainer>(value_in(text)); }

TEST(AJsonObject, GivesItsMembersInTheirOrder) {
    const JsonObject members = parse_json_object(R"({"b":"text","a":1.50,"c":true,"d":null})");
    ASSERT_THAT(members, SizeIs(4));
    EXPECT_EQ(members[0].name, "b");
    EXPECT_EQ(std::get<std::string>(members[0].value), "text");
    EXPECT_EQ(std::get<JsonNumber>(members[1].value).text, "1.50");
    EXPECT_EQ(std::get<bool>(members[2].value), true);
    EXPECT_TRUE(std::holds_alternative<std::nullptr_t>(members[3].value));
}

TEST(AJsonObject, KeepsAListOfTexts) {
    const JsonContainer list = container_in(R"({"a":["x","","y"]})");
    EXPECT_TRUE(list.is_list_of_texts);
    EXPECT_THAT(list.texts, ElementsAre("x", "", "y"));
    EXPECT_TRUE(container_in(R"({"a":[]})").is_list_of_texts);
}

TEST(AJsonObject, TakesAListWithAnythingElseForNone) {
    for (const char* other : {R"({"a":["x",1]})", R"({"a":[null,"x"]})", R"({"a":[["x"]]})", R"({"a":[{"x":"y"}]})",
                              R"({"a":["x",{}]})", R"({"a":{"x":"y"}})", R"({"a":{"x":["y"]}})"}) {
        EXPECT_FALSE(container_in(other).is_list_of_texts) << other;
    }
}

TEST(AJsonObject, KeepsNothingOfAnObjectWithinIt) {
    EXPECT_THAT(container_in(R"({"a":{"x":["y"],"z":"w"}})").texts, IsEmpty());
}

TEST(AJsonObject, RefusesANameTwiceAtEachLevel) {
    EXPECT_THROW((void)parse_json_object(R"({"a":1,"a":2})"), fcgi_worker::Problem);
    EXPECT_THROW((void)parse_json_object(R"({"x":[{"a":1,"a":2}]})"), fcgi_worker::Problem);
    EXPECT_NO_THROW((void)parse_json_object(R"({"a":{"a":1},"b":[{"a":1},{"a":2}]})"));
}

// ---- A list of them, in a file

TEST(JsonObjects, AreThoseOfTheMemberThatIsAsked) {
    const auto objects = parse_json_objects(R"({"other":[1],"keys":[{"a":"x"},{}]})", "keys");
    ASSERT_THAT(objects, SizeIs(2));
    ASSERT_THAT(objects[0], SizeIs(1));
    EXPECT_EQ(std::get<std::string>(objects[0][0].value), "x");
    EXPECT_THAT(objects[1], IsEmpty());
}

std::string complaint_of(const std::string& text) {
    try {
        (void)parse_json_objects(text, "keys");
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "(none)";
}

TEST(JsonObjects, AreReadAsStrictlyAsABody) {
    for (const char* odd :
         {"", "{", "nonsense", "{}{}", R"({"keys":[],"keys":[]})", R"({"keys":[{"a":1,"a":2}]})",
          R"({"keys":[{"a":{"b":1,"b":2}}]})", R"({"keys":[{"a":"\u0000"}]})", R"({"keys":[{"a":1e999}]})",
          R"({"keys":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]})", "\xEF\xBB\xBF{}", "{\"keys\":[{\"a\":\"\xFF\"}]}"}) {
        EXPECT_THAT(complaint_of(odd), AllOf(HasSubstr("it is no JSON: "), Not(HasSubstr("\n")))) << odd;
    }
}

TEST(JsonObjects, AreInAnArrayOfAnObject) {
    for (const char* odd : {"[]", "1", "{}", R"({"key":[]})", R"({"keys":{}})", R"({"keys":"[]"})"}) {
        EXPECT_THAT(complaint_of(odd), HasSubstr("no object with an array \"keys\"")) << odd;
    }
    for (const char* odd : {R"({"keys":["a"]})", R"({"keys":[{},[]]})"}) {
        EXPECT_THAT(complaint_of(odd), HasSubstr("something in \"keys\" is no object")) << odd;
    }
}

}  // namespace
}  // namespace todo
