/// DELETE of one todo and of all: what is left, what a second try sees.
#include "api_test.hpp"

namespace api {
namespace {

using testing::ElementsAre;

struct DeleteTodo : ApiTest {};

TEST_F(DeleteTodo, LeavesNothingToRead) {
    const GivenTodo todo = given_todo();

    const Answer deleted = remove(todo.path);

    EXPECT_THAT(deleted, Answers(204));
    EXPECT_EQ(deleted.body, "");
    EXPECT_THAT(get(todo.path), IsProblem(404, "not-found"));
    EXPECT_THAT(get(kTodos), HasTodos(0));
}

TEST_F(DeleteTodo, MayBeRepeated) {
    const GivenTodo todo = given_todo();

    EXPECT_THAT(remove(todo.path), Answers(204));
    EXPECT_THAT(remove(todo.path), Answers(204));
}

TEST_F(DeleteTodo, DoesNotFindWhatNeverWas) { EXPECT_THAT(remove(kNobody), IsProblem(404, "not-found")); }

TEST_F(DeleteTodo, TouchesNoOtherTodo) {
    const GivenTodo first = given_todo("first");
    const GivenTodo second = given_todo("second");

    ASSERT_THAT(remove(first.path), Answers(204));

    EXPECT_THAT(each(get(kTodos), "title"), ElementsAre(R"("second")"));
}

struct DeleteAllTodos : ApiTest {
    void SetUp() override {
        ApiTest::SetUp();
        given(R"({"title":"open"})");
        given(R"({"title":"done","completed":true})");
    }
};

TEST_F(DeleteAllTodos, LeavesAnEmptyList) {
    EXPECT_THAT(remove(kTodos), Answers(204));
    EXPECT_THAT(get(kTodos), HasTodos(0));
}

TEST_F(DeleteAllTodos, TakesTheCompletedOnesOnly) {
    EXPECT_THAT(remove("/v1/todos?completed=true"), Answers(204));
    EXPECT_THAT(each(get(kTodos), "title"), ElementsAre(R"("open")"));
}

TEST_F(DeleteAllTodos, TakesTheOpenOnesOnly) {
    EXPECT_THAT(remove("/v1/todos?completed=false"), Answers(204));
    EXPECT_THAT(each(get(kTodos), "title"), ElementsAre(R"("done")"));
}

TEST_F(DeleteAllTodos, MayBeRepeated) {
    EXPECT_THAT(remove(kTodos), Answers(204));
    EXPECT_THAT(remove(kTodos), Answers(204));
}

}  // namespace
}  // namespace api
