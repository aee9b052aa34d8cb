/// POST /v1/todos: what a client may say, and what it gets back.
#include "api_test.hpp"

namespace api {
namespace {

using testing::MatchesRegex;

struct CreateTodo : ApiTest {};

TEST_F(CreateTodo, NeedsATitleOnly) {
    const Answer created = post(kTodos, R"({"title":"water the plants"})");

    ASSERT_THAT(created, Answers(201));
    EXPECT_THAT(created, HasField("/title", R"("water the plants")"));
    EXPECT_THAT(created, HasField("/completed", "false"));
    EXPECT_THAT(created, HasField("/order", "null"));
    EXPECT_THAT(created, HasField("/notes", R"("")"));
    EXPECT_THAT(created, HasField("/version", "1"));
}

TEST_F(CreateTodo, KeepsEachFieldThatIsGiven) {
    const Answer created = post(kTodos, R"({"title":"a","completed":true,"order":-7,"notes":"one\ntwo\tthree"})");

    EXPECT_THAT(created, HasField("/completed", "true"));
    EXPECT_THAT(created, HasField("/order", "-7"));
    EXPECT_THAT(created, HasField("/notes", R"("one\ntwo\tthree")"));
}

TEST_F(CreateTodo, MakesAnIdOfVersionSeven) {
    const GivenTodo todo = given_todo();

    EXPECT_THAT(todo.id, MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
}

TEST_F(CreateTodo, SaysWhereTheTodoIs) {
    const GivenTodo todo = given_todo();

    EXPECT_EQ(todo.url, stack::url() + kTodos + "/" + todo.id);
    EXPECT_THAT(todo.answer, HasHeader("Location", todo.url));
    EXPECT_THAT(get(todo.path), Answers(200));
}

TEST_F(CreateTodo, StampsItWithTheTimeInUtc) {
    const GivenTodo todo = given_todo();

    const std::string created_at = text_at(todo.answer, "/created_at");
    EXPECT_THAT(created_at, MatchesRegex("20..-..-..T..:..:..\\.[0-9]{3}Z"));
    EXPECT_EQ(text_at(todo.answer, "/updated_at"), created_at);
}

TEST_F(CreateTodo, TagsItWithVersionAndTime) {
    const GivenTodo todo = given_todo();

    EXPECT_THAT(todo.etag, MatchesRegex("\"1-[0-9]{13}\""));
    EXPECT_THAT(get(todo.path), HasHeader("ETag", todo.etag));
}

TEST_F(CreateTodo, AnswersWithWhatAReaderWillSee) {
    const GivenTodo todo = given(R"({"title":"a","completed":true,"order":3,"notes":"n"})");

    EXPECT_EQ(get(todo.path).body, todo.answer.body);
}

TEST_F(CreateTodo, NeverMakesTheSameTodoTwice) {
    const GivenTodo first = given_todo("same");
    const GivenTodo second = given_todo("same");

    EXPECT_NE(first.id, second.id);
    EXPECT_THAT(get(kTodos), HasTodos(2));
}

/// Texts and numbers at the edge of what is allowed come back as they were sent.
struct CreateTodoAtTheEdge : ApiTest, testing::WithParamInterface<std::pair<const char*, std::string>> {};

TEST_P(CreateTodoAtTheEdge, KeepsTheValue) {
    const auto& [field, json] = GetParam();
    const GivenTodo todo = given(R"({"title":"a",")" + std::string{field + 1} + "\":" + json + "}");

    EXPECT_THAT(get(todo.path), HasField(field, json));
}

std::string repeated(const std::string& text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
}

INSTANTIATE_TEST_SUITE_P(
    Of, CreateTodoAtTheEdge,
    testing::Values(std::pair{"/notes", std::string{R"("größer, 買い物, קניות, 🪴")"}},
                    std::pair{"/notes", std::string{R"("\u00e9 \ud83e\udeb4 \" \\ \/ \n\r\t")"}},
                    std::pair{"/notes", std::string{R"("<script>alert(1)</script>'; DROP TABLE todo; --")"}},
                    std::pair{"/notes", std::string{R"("{},\"NULL\",NULL,\\N,{\"a\\\\")"}},
                    std::pair{"/notes", quoted(repeated("n", 8192))},
                    std::pair{"/notes", quoted(repeated("🪴", 8192))},
                    std::pair{"/order", std::string{"9007199254740992"}},
                    std::pair{"/order", std::string{"-9007199254740992"}}, std::pair{"/order", std::string{"0"}}));

TEST_F(CreateTodo, TakesATitleOf1024CodePointsInAnyScript) {
    const std::string title = quoted(repeated("🪴", 1024));

    EXPECT_THAT(post(kTodos, R"({"title":)" + title + "}"), HasField("/title", title));
}

TEST_F(CreateTodo, TakesJsonWithACharset) {
    const Answer created = post(kTodos, R"({"title":"a"})", {{"Content-Type", "application/json; charset=utf-8"}});

    EXPECT_THAT(created, Answers(201));
}

TEST_F(CreateTodo, TakesABodyWithoutALengthInFront) {
    const Answer created = send_raw(
        "POST /v1/todos HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
        "Authorization: " +
        authorization() + "\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"ti\r\n9\r\ntle\":\"a\"}\r\n0\r\n\r\n");

    EXPECT_THAT(created, Answers(201));
    EXPECT_THAT(get(kTodos), HasTodos(1));
}

}  // namespace
}  // namespace api
