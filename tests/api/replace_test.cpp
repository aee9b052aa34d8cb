/// PUT /v1/todos/{id}: the client names the todo, so that a second try changes nothing.
#include "api_test.hpp"

namespace api {
namespace {

using testing::Not;
using testing::StartsWith;

struct ReplaceTodo : ApiTest {};

TEST_F(ReplaceTodo, CreatesUnderAnIdOfTheClientsChoice) {
    const std::string path = fresh_path();

    const Answer created = put(path, R"({"title":"mine"})");

    EXPECT_THAT(created, Answers(201));
    EXPECT_THAT(created, HasHeader("Location", stack::url() + path));
    EXPECT_THAT(created, HasHeader("ETag", StartsWith("\"1-")));
    EXPECT_EQ(get(path).body, created.body);
}

TEST_F(ReplaceTodo, TakesAnyUuid) {
    const char* version_four = "/v1/todos/9b2d7d0a-3b5e-4c38-a1d9-6f2f0a8f4a11";

    EXPECT_THAT(put(version_four, R"({"title":"a"})"), Answers(201));
}

TEST_F(ReplaceTodo, ReplacesTheWhole) {
    const GivenTodo todo = given(R"({"title":"a","completed":true,"order":5,"notes":"n"})");

    const Answer replaced = put(todo.path, R"({"title":"b"})");

    EXPECT_THAT(replaced, Answers(200));
    EXPECT_THAT(replaced, HasField("/title", R"("b")"));
    EXPECT_THAT(replaced, HasField("/completed", "false"));
    EXPECT_THAT(replaced, HasField("/order", "null"));
    EXPECT_THAT(replaced, HasField("/notes", R"("")"));
    EXPECT_EQ(get(todo.path).body, replaced.body);
}

TEST_F(ReplaceTodo, CountsTheVersionAndKeepsTheTimeOfCreation) {
    const GivenTodo todo = given_todo();

    const Answer replaced = put(todo.path, R"({"title":"b"})");

    EXPECT_THAT(replaced, HasField("/version", "2"));
    EXPECT_THAT(replaced, HasHeader("ETag", StartsWith("\"2-")));
    EXPECT_EQ(text_at(replaced, "/created_at"), text_at(todo.answer, "/created_at"));
}

TEST_F(ReplaceTodo, LeavesOneTodoWhenItIsSentTwice) {
    const std::string path = fresh_path();

    EXPECT_THAT(put(path, R"({"title":"a"})"), Answers(201));
    EXPECT_THAT(put(path, R"({"title":"a"})"), Answers(200));
    EXPECT_THAT(get(kTodos), HasTodos(1));
}

TEST_F(ReplaceTodo, BringsADeletedIdBackAsANewTodo) {
    const GivenTodo todo = given(R"({"title":"a","notes":"secret"})");
    ASSERT_THAT(remove(todo.path), Answers(204));

    const Answer recreated = put(todo.path, R"({"title":"b"})");

    EXPECT_THAT(recreated, Answers(201));
    EXPECT_THAT(recreated, HasField("/notes", R"("")"));
    EXPECT_THAT(recreated, HasHeader("ETag", Not(todo.etag)));
}

TEST_F(ReplaceTodo, TakesWhatWasReadWithAChange) {
    const GivenTodo todo = given(R"({"title":"a","order":5})");

    const Answer replaced = put(todo.path, with_field(get(todo.path), "title", R"("b")"));

    EXPECT_THAT(replaced, Answers(200));
    EXPECT_THAT(replaced, HasField("/title", R"("b")"));
    EXPECT_THAT(replaced, HasField("/order", "5"));
}

/// Fields that only the service writes, sent back with another value.
struct ChangedReadOnlyField : ApiTest, testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(ChangedReadOnlyField, IsRefused) {
    const auto& [field, json] = GetParam();
    const GivenTodo todo = given_todo();
    const std::string body = with_field(todo.answer, field, json);
    const std::string pointer = std::string{"/"} + field;

    EXPECT_THAT(put(todo.path, body), IsProblem(422, "invalid-fields", pointer));
    EXPECT_THAT(patch(todo.path, body), IsProblem(422, "invalid-fields", pointer));
    EXPECT_EQ(get(todo.path).body, todo.answer.body);
}

INSTANTIATE_TEST_SUITE_P(Of, ChangedReadOnlyField,
                         testing::Values(std::pair{"id", R"("01890a5d-ac96-774b-bcce-b302099a8057")"},
                                         std::pair{"id", "7"}, std::pair{"url", R"("http://evil.example/")"},
                                         std::pair{"created_at", R"("2001-01-01T00:00:00.000Z")"},
                                         std::pair{"created_at", R"("yesterday")"}, std::pair{"created_at", "null"},
                                         std::pair{"updated_at", R"("2001-01-01T00:00:00.000Z")"},
                                         std::pair{"version", "2"}, std::pair{"version", R"("1")"}));

}  // namespace
}  // namespace api
