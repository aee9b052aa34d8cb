/// If-Match and If-None-Match: nobody overwrites what he has not seen.
#include "api_test.hpp"

namespace api {
namespace {

constexpr const char* kStale = "\"7-1763942400123\"";

struct Conditional : ApiTest {
    GivenTodo todo = {};
    void SetUp() override {
        ApiTest::SetUp();
        todo = given_todo("as it was");
    }
    /// As a proxy that compresses gives it back.
    [[nodiscard]] std::string weak_tag() const { return "W/" + todo.etag; }
};

using ConditionalRead = Conditional;

TEST_F(ConditionalRead, IsNotModifiedForTheTagThatIsCurrent) {
    const Answer read = get(todo.path, {{"If-None-Match", todo.etag}});

    EXPECT_THAT(read, Answers(304));
    EXPECT_EQ(read.body, "");
    EXPECT_THAT(read, HasHeader("ETag", todo.etag));
    EXPECT_THAT(read, HasHeader("Cache-Control", "private, no-cache"));
}

TEST_F(ConditionalRead, IsNotModifiedForAnyTagOfAListAWeakOneAndAStar) {
    EXPECT_THAT(get(todo.path, {{"If-None-Match", std::string{kStale} + ", " + todo.etag}}), Answers(304));
    EXPECT_THAT(get(todo.path, {{"If-None-Match", weak_tag()}}), Answers(304));
    EXPECT_THAT(get(todo.path, {{"If-None-Match", "*"}}), Answers(304));
    EXPECT_THAT(head(todo.path, {{"If-None-Match", todo.etag}}), Answers(304));
}

TEST_F(ConditionalRead, GivesTheTodoForAnotherTag) {
    EXPECT_THAT(get(todo.path, {{"If-None-Match", kStale}}), Answers(200));
}

TEST_F(ConditionalRead, GivesTheTodoAfterAChange) {
    ASSERT_THAT(patch(todo.path, R"({"title":"b"})"), Answers(200));

    EXPECT_THAT(get(todo.path, {{"If-None-Match", todo.etag}}), HasField("/title", R"("b")"));
}

TEST_F(ConditionalRead, FailsWhereIfMatchNamesAnother) {
    EXPECT_THAT(get(todo.path, {{"If-Match", kStale}}), IsProblem(412, "precondition-failed"));
    EXPECT_THAT(get(todo.path, {{"If-Match", todo.etag}}), Answers(200));
}

using ConditionalPatch = Conditional;

TEST_F(ConditionalPatch, HappensForTheTagThatIsCurrent) {
    EXPECT_THAT(patch(todo.path, R"({"title":"b"})", {{"If-Match", todo.etag}}), HasField("/title", R"("b")"));
}

TEST_F(ConditionalPatch, HappensForAnyTagOfAListAWeakOneAndAStar) {
    const std::string list = std::string{kStale} + ", , " + todo.etag;

    EXPECT_THAT(patch(todo.path, "{}", {{"If-Match", list}}), Answers(200));
    EXPECT_THAT(patch(todo.path, "{}", {{"If-Match", weak_tag()}}), Answers(200));
    EXPECT_THAT(patch(todo.path, "{}", {{"If-Match", "*"}}), Answers(200));
}

TEST_F(ConditionalPatch, IsNeverDecidedByHalfOfAHeaderThatIsSentTwice) {
    const Headers twice{{"If-Match", todo.etag}, {"If-Match", kStale}};

    EXPECT_THAT(patch(todo.path, R"({"title":"b"})", twice), IsProblem(400, "bad-request"));
    EXPECT_EQ(get(todo.path).body, todo.answer.body);
}

TEST_F(ConditionalPatch, FailsForAStaleTag) {
    EXPECT_THAT(patch(todo.path, R"({"title":"b"})", {{"If-Match", kStale}}), IsProblem(412, "precondition-failed"));
    EXPECT_EQ(get(todo.path).body, todo.answer.body);
}

TEST_F(ConditionalPatch, FailsForTheTagFromBeforeAChange) {
    ASSERT_THAT(patch(todo.path, R"({"title":"theirs"})"), Answers(200));

    EXPECT_THAT(patch(todo.path, R"({"title":"mine"})", {{"If-Match", todo.etag}}), Answers(412));
    EXPECT_THAT(get(todo.path), HasField("/title", R"("theirs")"));
}

TEST_F(ConditionalPatch, DoesNotFindWhatIsNotThere) {
    EXPECT_THAT(patch(kNobody, R"({"title":"b"})", {{"If-Match", todo.etag}}), IsProblem(404, "not-found"));
}

using ConditionalPut = Conditional;

TEST_F(ConditionalPut, CreatesOnlyWhatIsNotThere) {
    const Headers if_new{{"If-None-Match", "*"}};

    EXPECT_THAT(put(fresh_path(), R"({"title":"b"})", if_new), Answers(201));
    EXPECT_THAT(put(todo.path, R"({"title":"b"})", if_new), IsProblem(412, "precondition-failed"));
    EXPECT_EQ(get(todo.path).body, todo.answer.body);
}

TEST_F(ConditionalPut, CreatesAgainWhatIsDeleted) {
    ASSERT_THAT(remove(todo.path), Answers(204));

    EXPECT_THAT(put(todo.path, R"({"title":"b"})", {{"If-None-Match", "*"}}), Answers(201));
}

TEST_F(ConditionalPut, ReplacesOnlyWhatWasSeen) {
    EXPECT_THAT(put(todo.path, R"({"title":"b"})", {{"If-Match", kStale}}), IsProblem(412, "precondition-failed"));
    EXPECT_EQ(get(todo.path).body, todo.answer.body);
    EXPECT_THAT(put(todo.path, R"({"title":"b"})", {{"If-Match", todo.etag}}), Answers(200));
}

TEST_F(ConditionalPut, MayBeSentTwice) {
    const Headers seen{{"If-Match", todo.etag}};
    const Answer first = put(todo.path, R"({"title":"b"})", seen);
    ASSERT_THAT(first, Answers(200));

    const Answer second = put(todo.path, R"({"title":"b"})", seen);

    EXPECT_THAT(second, Answers(200));
    EXPECT_EQ(second.body, first.body);
    EXPECT_EQ(second.header("ETag"), first.header("ETag"));
    EXPECT_THAT(put(todo.path, R"({"title":"c"})", seen), Answers(412));
}

TEST_F(ConditionalPut, IsNoRepeatAfterAnotherChange) {
    const Headers seen{{"If-Match", todo.etag}};
    ASSERT_THAT(put(todo.path, R"({"title":"b"})", seen), Answers(200));
    ASSERT_THAT(put(todo.path, R"({"title":"c"})"), Answers(200));
    ASSERT_THAT(put(todo.path, R"({"title":"b"})"), Answers(200));

    EXPECT_THAT(put(todo.path, R"({"title":"b"})", seen), Answers(412));
}

TEST_F(ConditionalPut, CreatesNothingWhereSomethingMustBe) {
    const std::string path = fresh_path();

    EXPECT_THAT(put(path, R"({"title":"b"})", {{"If-Match", "*"}}), IsProblem(412, "precondition-failed"));
    EXPECT_THAT(put(path, R"({"title":"b"})", {{"If-Match", todo.etag}}), IsProblem(412, "precondition-failed"));
    EXPECT_THAT(get(path), Answers(404));
}

TEST_F(ConditionalPut, NeverTakesANewTodoForTheOneThatHadItsId) {
    ASSERT_THAT(remove(todo.path), Answers(204));
    ASSERT_THAT(put(todo.path, R"({"title":"another"})"), Answers(201));

    EXPECT_THAT(put(todo.path, R"({"title":"b"})", {{"If-Match", todo.etag}}), Answers(412));
    EXPECT_THAT(get(todo.path, {{"If-None-Match", todo.etag}}), HasField("/title", R"("another")"));
}

using ConditionalDelete = Conditional;

TEST_F(ConditionalDelete, HappensForTheTagThatIsCurrent) {
    EXPECT_THAT(remove(todo.path, {{"If-Match", kStale}}), IsProblem(412, "precondition-failed"));
    EXPECT_THAT(get(todo.path), Answers(200));
    EXPECT_THAT(remove(todo.path, {{"If-Match", todo.etag}}), Answers(204));
}

TEST_F(ConditionalDelete, MayBeRepeated) {
    ASSERT_THAT(remove(todo.path, {{"If-Match", todo.etag}}), Answers(204));

    EXPECT_THAT(remove(todo.path, {{"If-Match", todo.etag}}), Answers(204));
}

using ConditionalList = Conditional;

TEST_F(ConditionalList, IsRefusedForWritesAsAListHasNoTag) {
    EXPECT_THAT(post(kTodos, R"({"title":"b"})", {{"If-Match", todo.etag}}), IsProblem(400, "invalid-header"));
    EXPECT_THAT(remove(kTodos, {{"If-Match", "*"}}), IsProblem(400, "invalid-header"));
    EXPECT_THAT(get(kTodos), HasTodos(1));
}

}  // namespace
}  // namespace api
