/// PATCH /v1/todos/{id}: a JSON merge patch.
#include "api_test.hpp"

namespace api {
namespace {

using testing::StartsWith;

struct PatchTodo : ApiTest {
    GivenTodo todo = {};
    void SetUp() override {
        ApiTest::SetUp();
        todo = given(R"({"title":"a","completed":false,"order":5,"notes":"n"})");
    }
};

TEST_F(PatchTodo, ChangesTheFieldsItNames) {
    const Answer patched = patch(todo.path, R"({"completed":true})");

    EXPECT_THAT(patched, Answers(200));
    EXPECT_THAT(patched, HasField("/completed", "true"));
    EXPECT_THAT(patched, HasField("/title", R"("a")"));
    EXPECT_THAT(patched, HasField("/order", "5"));
    EXPECT_THAT(patched, HasField("/notes", R"("n")"));
}

TEST_F(PatchTodo, CountsTheVersion) {
    const Answer patched = patch(todo.path, R"({"title":"b"})");

    EXPECT_THAT(patched, HasField("/version", "2"));
    EXPECT_THAT(patched, HasHeader("ETag", StartsWith("\"2-")));
    EXPECT_EQ(get(todo.path).body, patched.body);
}

TEST_F(PatchTodo, KeepsTheVersionWhereNothingChanges) {
    EXPECT_THAT(patch(todo.path, "{}"), HasHeader("ETag", todo.etag));
    EXPECT_THAT(patch(todo.path, R"({"title":"a","order":5})"), HasHeader("ETag", todo.etag));
    EXPECT_EQ(get(todo.path).body, todo.answer.body);
}

TEST_F(PatchTodo, TakesTheOrderAwayWithNull) {
    EXPECT_THAT(patch(todo.path, R"({"order":null})"), HasField("/order", "null"));
}

TEST_F(PatchTodo, IsAMergePatchByEitherName) {
    const Headers merge_patch{{"Content-Type", "application/merge-patch+json"}};

    EXPECT_THAT(patch(todo.path, R"({"title":"b"})", merge_patch), HasField("/title", R"("b")"));
    EXPECT_THAT(patch(todo.path, R"({"title":"c"})"), HasField("/title", R"("c")"));
}

TEST_F(PatchTodo, TakesWhatWasReadWithAChange) {
    const Answer patched = patch(todo.path, with_field(get(todo.path), "completed", "true"));

    EXPECT_THAT(patched, Answers(200));
    EXPECT_THAT(patched, HasField("/completed", "true"));
}

TEST_F(PatchTodo, DoesNotFindWhatIsNotThere) {
    ASSERT_THAT(remove(todo.path), Answers(204));

    EXPECT_THAT(patch(todo.path, R"({"title":"b"})"), IsProblem(404, "not-found"));
    EXPECT_THAT(patch(kNobody, R"({"title":"b"})"), IsProblem(404, "not-found"));
    EXPECT_THAT(get(kTodos), HasTodos(0));
}

TEST_F(PatchTodo, MovesATodoBetweenTwoOthers) {
    const GivenTodo second = given(R"({"title":"b","order":10})");
    const GivenTodo last = given(R"({"title":"c","order":20})");

    ASSERT_THAT(patch(last.path, R"({"order":7})"), Answers(200));

    EXPECT_THAT(each(get("/v1/todos?sort=order"), "title"), testing::ElementsAre(R"("a")", R"("c")", R"("b")"));
}

}  // namespace
}  // namespace api
