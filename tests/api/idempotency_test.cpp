/// Idempotency-Key: a client that got no answer sends the same request again, and it happens once.
#include "api_test.hpp"

namespace api {
namespace {

/// A key that no earlier request of this or any other run has used.
Headers fresh_key() {
    static int count = 0;
    return {{"Idempotency-Key",
             text_at(post(kTodos, R"({"title":"lends its id to a key"})"), "/id") + "-" + std::to_string(++count)}};
}

struct RepeatedRequest : ApiTest {
    Headers key;
    void SetUp() override {
        ApiTest::SetUp();
        key = fresh_key();
        ASSERT_THAT(remove(kTodos), Answers(204));
    }
};

constexpr const char* kReplayed = "Idempotent-Replayed";

TEST_F(RepeatedRequest, CreatesOneTodo) {
    const Answer first = post(kTodos, R"({"title":"a"})", key);
    const Answer second = post(kTodos, R"({"title":"a"})", key);

    EXPECT_THAT(first, Answers(201));
    EXPECT_THAT(first, HasNoHeader(kReplayed));
    EXPECT_THAT(second, Answers(201));
    EXPECT_THAT(second, HasHeader(kReplayed, "true"));
    EXPECT_THAT(second, HasHeader("Location", first.header("Location")));
    EXPECT_THAT(second, HasHeader("ETag", first.header("ETag")));
    EXPECT_EQ(second.body, first.body);
    EXPECT_THAT(get(kTodos), HasTodos(1));
}

TEST_F(RepeatedRequest, ShowsTheTodoAsItIsNow) {
    const Answer first = post(kTodos, R"({"title":"a"})", key);
    ASSERT_THAT(patch("/v1/todos/" + text_at(first, "/id"), R"({"title":"changed"})"), Answers(200));

    const Answer second = post(kTodos, R"({"title":"a"})", key);

    EXPECT_THAT(second, Answers(201));
    EXPECT_THAT(second, HasField("/title", R"("changed")"));
    EXPECT_THAT(second, HasField("/version", "2"));
}

TEST_F(RepeatedRequest, NeverCreatesAgainWhatWasDeletedSince) {
    const Answer first = post(kTodos, R"({"title":"a"})", key);
    ASSERT_THAT(remove("/v1/todos/" + text_at(first, "/id")), Answers(204));

    EXPECT_THAT(post(kTodos, R"({"title":"a"})", key), IsProblem(410, "gone"));
    EXPECT_THAT(get(kTodos), HasTodos(0));
}

TEST_F(RepeatedRequest, IsRefusedWithAnotherBody) {
    ASSERT_THAT(post(kTodos, R"({"title":"a"})", key), Answers(201));

    EXPECT_THAT(post(kTodos, R"({"title":"b"})", key), IsProblem(422, "idempotency-key-reused"));
    EXPECT_THAT(get(kTodos), HasTodos(1));
}

TEST_F(RepeatedRequest, IsRefusedAtAnotherPathOrWithAnotherMethod) {
    const GivenTodo first = given_todo();
    const GivenTodo second = given_todo();
    ASSERT_THAT(patch(first.path, R"({"title":"b"})", key), Answers(200));

    EXPECT_THAT(patch(second.path, R"({"title":"b"})", key), IsProblem(422, "idempotency-key-reused"));
    EXPECT_THAT(put(first.path, R"({"title":"b"})", key), IsProblem(422, "idempotency-key-reused"));
    EXPECT_THAT(remove(first.path, key), IsProblem(422, "idempotency-key-reused"));
    EXPECT_THAT(remove(kTodos, key), IsProblem(422, "idempotency-key-reused"));
    EXPECT_THAT(get(kTodos), HasTodos(2));
}

TEST_F(RepeatedRequest, PutsOnce) {
    const std::string path = fresh_path();

    EXPECT_THAT(put(path, R"({"title":"a"})", key), Answers(201));
    const Answer second = put(path, R"({"title":"a"})", key);

    EXPECT_THAT(second, Answers(201));
    EXPECT_THAT(second, HasHeader(kReplayed, "true"));
    EXPECT_THAT(second, HasField("/version", "1"));
}

TEST_F(RepeatedRequest, DoesNotPutOverALaterChange) {
    const GivenTodo todo = given_todo();
    ASSERT_THAT(put(todo.path, R"({"title":"mine"})", key), Answers(200));
    ASSERT_THAT(put(todo.path, R"({"title":"theirs, later"})"), Answers(200));

    EXPECT_THAT(put(todo.path, R"({"title":"mine"})", key), HasField("/title", R"("theirs, later")"));
    EXPECT_THAT(get(todo.path), HasField("/version", "3"));
}

TEST_F(RepeatedRequest, DoesNotPutBackWhatWasDeletedSince) {
    const GivenTodo todo = given_todo();
    ASSERT_THAT(put(todo.path, R"({"title":"b"})", key), Answers(200));
    ASSERT_THAT(remove(todo.path), Answers(204));

    EXPECT_THAT(put(todo.path, R"({"title":"b"})", key), IsProblem(410, "gone"));
    EXPECT_THAT(get(todo.path), Answers(404));
}

TEST_F(RepeatedRequest, PatchesOnceThoughItsIfMatchIsStaleByItself) {
    const GivenTodo todo = given_todo();
    Headers headers = key;
    headers.emplace_back("If-Match", todo.etag);

    EXPECT_THAT(patch(todo.path, R"({"title":"b"})", headers), Answers(200));
    const Answer second = patch(todo.path, R"({"title":"b"})", headers);

    EXPECT_THAT(second, Answers(200));
    EXPECT_THAT(second, HasHeader(kReplayed, "true"));
    EXPECT_THAT(second, HasField("/version", "2"));
}

TEST_F(RepeatedRequest, DoesNotPatchWhatWasDeletedSince) {
    const GivenTodo todo = given_todo();
    ASSERT_THAT(patch(todo.path, R"({"title":"b"})", key), Answers(200));
    ASSERT_THAT(remove(todo.path), Answers(204));

    EXPECT_THAT(patch(todo.path, R"({"title":"b"})", key), IsProblem(410, "gone"));
}

TEST_F(RepeatedRequest, DeletesOnce) {
    const GivenTodo todo = given_todo();
    ASSERT_THAT(remove(todo.path, key), Answers(204));
    ASSERT_THAT(put(todo.path, R"({"title":"back again"})"), Answers(201));

    const Answer second = remove(todo.path, key);

    EXPECT_THAT(second, Answers(204));
    EXPECT_THAT(second, HasHeader(kReplayed, "true"));
    EXPECT_THAT(get(todo.path), Answers(200));
}

TEST_F(RepeatedRequest, DeletesAllOnce) {
    given_todo("old");
    ASSERT_THAT(remove(kTodos, key), Answers(204));
    given_todo("new");

    const Answer second = remove(kTodos, key);

    EXPECT_THAT(second, Answers(204));
    EXPECT_THAT(second, HasHeader(kReplayed, "true"));
    EXPECT_THAT(each(get(kTodos), "title"), testing::ElementsAre(R"("new")"));
}

TEST_F(RepeatedRequest, MayBeMendedWhenTheFirstWasRefused) {
    ASSERT_THAT(post(kTodos, R"({"title":""})", key), Answers(422));
    ASSERT_THAT(patch(kNobody, R"({"title":"a"})", key), Answers(404));

    EXPECT_THAT(post(kTodos, R"({"title":"a"})", key), Answers(201));
    EXPECT_THAT(get(kTodos), HasTodos(1));
}

TEST_F(RepeatedRequest, TakesAKeyOf255Characters) {
    const std::string id = key.front().second;
    const Headers longest{{"Idempotency-Key", id + std::string(255 - id.size(), '~')}};

    EXPECT_THAT(post(kTodos, R"({"title":"a"})", longest), Answers(201));
    EXPECT_THAT(post(kTodos, R"({"title":"a"})", longest), HasHeader(kReplayed, "true"));
}

}  // namespace
}  // namespace api
