/// GET and HEAD of one todo, and what an id may look like.
#include "api_test.hpp"

namespace api {
namespace {

struct ReadTodo : ApiTest {};

TEST_F(ReadTodo, GivesTheTodo) {
    const GivenTodo todo = given_todo("water the plants");

    const Answer read = get(todo.path);

    EXPECT_THAT(read, Answers(200));
    EXPECT_THAT(read, HasHeader("Content-Type", "application/json"));
    EXPECT_THAT(read, HasHeader("ETag", todo.etag));
    EXPECT_THAT(read, HasField("/title", R"("water the plants")"));
}

TEST_F(ReadTodo, IsPrivateAndAskedForAgainEachTime) {
    const GivenTodo todo = given_todo();

    EXPECT_THAT(get(todo.path), HasHeader("Cache-Control", "private, no-cache"));
    EXPECT_THAT(get(kTodos), HasHeader("Cache-Control", "private, no-cache"));
}

TEST_F(ReadTodo, DoesNotFindWhatNeverWas) { EXPECT_THAT(get(kNobody), IsProblem(404, "not-found")); }

TEST_F(ReadTodo, DoesNotFindWhatIsDeleted) {
    const GivenTodo todo = given_todo();
    ASSERT_THAT(remove(todo.path), Answers(204));

    EXPECT_THAT(get(todo.path), IsProblem(404, "not-found"));
}

TEST_F(ReadTodo, ReadsAnIdInUpperCase) {
    const std::string path = "/v1/todos/01890A5D-AC96-774B-BCCE-B302099A80AB";
    ASSERT_THAT(put(path, R"({"title":"a"})"), Answers(201));

    EXPECT_THAT(get(path), HasField("/id", R"("01890a5d-ac96-774b-bcce-b302099a80ab")"));
}

TEST_F(ReadTodo, AnswersHeadLikeGetWithoutTheBody) {
    const GivenTodo todo = given_todo();

    const Answer read = get(todo.path);
    const Answer asked = head(todo.path);

    EXPECT_THAT(asked, Answers(200));
    EXPECT_EQ(asked.body, "");
    EXPECT_THAT(asked, HasHeader("ETag", read.header("ETag")));
    EXPECT_THAT(asked, HasHeader("Content-Type", read.header("Content-Type")));
}

TEST_F(ReadTodo, AnswersHeadOfWhatIsNotThere) {
    const Answer asked = head(kNobody);

    EXPECT_THAT(asked, Answers(404));
    EXPECT_EQ(asked.body, "");
}

}  // namespace
}  // namespace api
