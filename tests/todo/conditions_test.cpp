/// If-Match and If-None-Match: no update is lost, no copy is sent twice.
#include <gmock/gmock.h>

#include "api_fixture.hpp"

namespace todo {
namespace {

using testing::AllOf;
using testing::IsEmpty;

const std::string kBody = R"({"title":"beer"})";

struct Conditions : ApiTest {
    const std::string milk = given_todo("milk");
    const std::string tag = header(get(milk), "ETag");
    const std::string other = "\"9-1769847300124\"";
};

TEST_F(Conditions, SpareTheBodyOfACurrentCopy) {
    for (const std::string& known : {tag, "W/" + tag, other + ", " + tag, std::string{"*"}}) {
        const Response answer = get(milk, {{"if-none-match", known}});
        EXPECT_THAT(answer,
                    AllOf(Answers(304), HasHeader("ETag", tag), HasHeader("Cache-Control", "private, no-cache")));
        EXPECT_THAT(answer.body, IsEmpty());
    }
}

TEST_F(Conditions, SendTheTodoWhenTheCopyIsOld) {
    patch(milk, kBody);
    EXPECT_THAT(get(milk, {{"if-none-match", tag}}), AllOf(Answers(200), Says("beer")));
}

TEST_F(Conditions, RefuseAReadThatWantsAnotherVersion) {
    EXPECT_THAT(get(milk, {{"if-match", other}}), IsProblem(412, "precondition-failed"));
    EXPECT_THAT(get(milk, {{"if-match", tag}}), Answers(200));
}

TEST_F(Conditions, LetAWriteThroughThatKnowsTheVersion) {
    EXPECT_THAT(patch(milk, kBody, {{"if-match", tag}}), Answers(200));
    const std::string second = header(get(milk), "ETag");
    EXPECT_THAT(put(milk, R"({"title":"wine"})", {{"if-match", other + "," + second}}), Answers(200));
    EXPECT_THAT(remove(milk, {{"if-match", "W/" + header(get(milk), "ETag")}}), Answers(204));
}

TEST_F(Conditions, TakeAHeaderThatCameTwiceForOneList) {
    EXPECT_THAT(patch(milk, kBody, {{"if-match", other}, {"if-match", tag}}), Answers(200));
}

TEST_F(Conditions, StopAWriteThatKnowsAnotherVersion) {
    EXPECT_THAT(patch(milk, kBody, {{"if-match", other}}), IsProblem(412, "precondition-failed"));
    EXPECT_THAT(put(milk, kBody, {{"if-match", other}}), IsProblem(412, "precondition-failed"));
    EXPECT_THAT(remove(milk, {{"if-match", other}}), IsProblem(412, "precondition-failed"));
    EXPECT_THAT(get(milk), AllOf(Says("milk"), HasHeader("ETag", tag)));
}

TEST_F(Conditions, StopAPutThatWantsToReplaceWhatIsNotThere) {
    EXPECT_THAT(put(kSomeTodo, kBody, {{"if-match", "*"}}), IsProblem(412, "precondition-failed"));
    EXPECT_THAT(get(kSomeTodo), Answers(404));
}

TEST_F(Conditions, StopAPutThatWantsToCreateWhatIsThere) {
    EXPECT_THAT(put(milk, kBody, {{"if-none-match", "*"}}), IsProblem(412, "precondition-failed"));
    EXPECT_THAT(put(kSomeTodo, kBody, {{"if-none-match", "*"}}), Answers(201));
}

TEST_F(Conditions, AreRefusedWhereTheyWouldBeIgnored) {
    EXPECT_THAT(put(milk, kBody, {{"if-none-match", other}}), IsProblem(400, "invalid-header"));
    EXPECT_THAT(patch(milk, kBody, {{"if-none-match", "*"}}), IsProblem(400, "invalid-header"));
    EXPECT_THAT(remove(milk, {{"if-none-match", other}}), IsProblem(400, "invalid-header"));
    EXPECT_THAT(post(kBody, {{"if-match", tag}}), IsProblem(400, "invalid-header"));
    EXPECT_THAT(post(kBody, {{"if-none-match", "*"}}), IsProblem(400, "invalid-header"));
    EXPECT_THAT(get(milk), Says("milk"));
}

TEST_F(Conditions, AreRefusedWhenMalformed) {
    for (const char* malformed : {"", "1-2", "\"1-2", "*, \"1-2\""}) {
        EXPECT_THAT(get(milk, {{"if-none-match", malformed}}), IsProblem(400, "invalid-header")) << malformed;
        EXPECT_THAT(get(milk, {{"if-match", malformed}}), IsProblem(400, "invalid-header")) << malformed;
        EXPECT_THAT(put(milk, kBody, {{"if-match", malformed}}), IsProblem(400, "invalid-header")) << malformed;
        EXPECT_THAT(patch(milk, kBody, {{"if-match", malformed}}), IsProblem(400, "invalid-header")) << malformed;
        EXPECT_THAT(remove(milk, {{"if-match", malformed}}), IsProblem(400, "invalid-header")) << malformed;
    }
}

}  // namespace
}  // namespace todo
