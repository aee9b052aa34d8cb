/// Requests of the same moment that want the same thing.
#include <algorithm>
#include <set>

#include "api_test.hpp"

namespace api {
namespace {

using testing::AnyOf;
using testing::Each;

constexpr std::size_t kClients = 20;

auto count_of(const std::vector<Answer>& answers, int status) {
    return std::count_if(answers.begin(), answers.end(), [&](const Answer& answer) { return answer.status == status; });
}

std::string numbered_title(std::size_t i) { return R"({"title":"client )" + std::to_string(i) + R"("})"; }

struct AtTheSameTime : ApiTest {};

TEST_F(AtTheSameTime, TheSameKeyCreatesOneTodo) {
    const Headers key{{"Idempotency-Key", given_todo().id}};
    ASSERT_THAT(remove(kTodos), Answers(204));

    const auto answers = at_once(kClients, [&](std::size_t) { return post(kTodos, R"({"title":"a"})", key); });

    EXPECT_THAT(answers, Each(AnyOf(Answers(201), IsProblem(409, "request-in-progress"))));
    EXPECT_EQ(std::count_if(answers.begin(), answers.end(),
                            [](const Answer& a) { return a.status == 201 && !a.has_header("Idempotent-Replayed"); }),
              1);
    EXPECT_THAT(get(kTodos), HasTodos(1));
}

TEST_F(AtTheSameTime, DifferentKeysCreateOneTodoEach) {
    const std::string prefix = given_todo().id;
    ASSERT_THAT(remove(kTodos), Answers(204));

    const auto answers = at_once(kClients, [&](std::size_t i) {
        return post(kTodos, R"({"title":"a"})", {{"Idempotency-Key", prefix + std::to_string(i)}});
    });

    EXPECT_THAT(answers, Each(Answers(201)));
    EXPECT_THAT(get(kTodos), HasTodos(kClients));
}

TEST_F(AtTheSameTime, OnePatchOfTheSameVersionWins) {
    const GivenTodo todo = given_todo();

    const auto answers = at_once(kClients, [&](std::size_t i) {
        return patch(todo.path, numbered_title(i), {{"If-Match", todo.etag}});
    });

    EXPECT_EQ(count_of(answers, 200), 1);
    EXPECT_EQ(count_of(answers, 412), kClients - 1);
    EXPECT_THAT(get(todo.path), HasField("/version", "2"));
}

TEST_F(AtTheSameTime, NoPatchWithoutAConditionIsLost) {
    const GivenTodo todo = given_todo();

    const auto answers = at_once(kClients, [&](std::size_t i) { return patch(todo.path, numbered_title(i)); });

    EXPECT_THAT(answers, Each(Answers(200)));
    EXPECT_THAT(get(todo.path), HasField("/version", std::to_string(1 + kClients)));
}

TEST_F(AtTheSameTime, OnePutCreatesAndTheOthersReplace) {
    const std::string path = fresh_path();

    const auto answers = at_once(kClients, [&](std::size_t i) { return put(path, numbered_title(i)); });

    EXPECT_EQ(count_of(answers, 201), 1);
    EXPECT_EQ(count_of(answers, 200), kClients - 1);
    EXPECT_THAT(get(path), HasField("/version", std::to_string(kClients)));
}

TEST_F(AtTheSameTime, OnePutThatMustCreateWins) {
    const std::string path = fresh_path();

    const auto answers = at_once(kClients, [&](std::size_t i) {
        return put(path, numbered_title(i), {{"If-None-Match", "*"}});
    });

    EXPECT_EQ(count_of(answers, 201), 1);
    EXPECT_EQ(count_of(answers, 412), kClients - 1);
}

TEST_F(AtTheSameTime, OneDeleteOfTheSameVersionIsEnough) {
    const GivenTodo todo = given_todo();

    const auto answers = at_once(kClients, [&](std::size_t) { return remove(todo.path, {{"If-Match", todo.etag}}); });

    EXPECT_THAT(answers, Each(Answers(204)));
    EXPECT_THAT(get(todo.path), Answers(404));
}

TEST_F(AtTheSameTime, WritersAndDeletersOfAllNeverBlockEachOther) {
    const auto answers = at_once(kClients, [&](std::size_t i) {
        if (i % 4 == 0) return remove(kTodos);
        if (i % 4 == 1) return remove("/v1/todos?completed=false");
        return post(kTodos, numbered_title(i));
    });

    EXPECT_THAT(answers, Each(AnyOf(Answers(201), Answers(204))));
}

TEST_F(AtTheSameTime, NoTwoTodosGetTheSameId) {
    const auto answers = at_once(kClients, [&](std::size_t i) { return post(kTodos, numbered_title(i)); });

    std::set<std::string> ids;
    for (const Answer& answer : answers) ids.insert(text_at(answer, "/id"));
    EXPECT_EQ(ids.size(), kClients);
}

}  // namespace
}  // namespace api
