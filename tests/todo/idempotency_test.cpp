/// Idempotency-Key: a write that is sent twice happens once.
#include <gmock/gmock.h>

#include "api_fixture.hpp"

namespace todo {
namespace {

using testing::AllOf;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kMilk = R"({"title":"milk"})";
const std::string kBeer = R"({"title":"beer"})";

struct IdempotencyKey : ApiTest {
    const Fields key = {{"idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324"}};
};

TEST_F(IdempotencyKey, CreatesOnceAndAnswersTheSameAgain) {
    const Response first = post(kMilk, key);
    const Response second = post(kMilk, key);

    EXPECT_THAT(first, AllOf(Answers(201), HasHeader("Idempotent-Replayed", "(none)")));
    EXPECT_THAT(second,
                AllOf(Answers(201), HasHeader("Idempotent-Replayed", "true"),
                      HasHeader("Location", header(first, "Location")), HasHeader("ETag", header(first, "ETag"))));
    EXPECT_EQ(second.body, first.body);
    EXPECT_THAT(titles(get(kTodos)), SizeIs(1));
}

TEST_F(IdempotencyKey, ShowsTheTodoAsItIsNow) {
    const std::string path = kTodos + "/" + member(post(kMilk, key), "id");
    const Response changed = patch(path, kBeer);
    EXPECT_THAT(post(kMilk, key), AllOf(Answers(201), Says("beer"), HasHeader("ETag", header(changed, "ETag"))));
}

TEST_F(IdempotencyKey, NeverCreatesAgainWhatHasBeenDeleted) {
    remove(kTodos + "/" + member(post(kMilk, key), "id"));
    EXPECT_THAT(post(kMilk, key), IsProblem(410, "gone"));
    EXPECT_EQ(get(kTodos).body, "[]");
}

TEST_F(IdempotencyKey, IsGoodForOneRequestOnly) {
    post(kMilk, key);
    EXPECT_THAT(post(kBeer, key), IsProblem(422, "idempotency-key-reused"));
    EXPECT_THAT(put(kSomeTodo, kMilk, key), IsProblem(422, "idempotency-key-reused"));
    EXPECT_THAT(remove(kTodos, key), IsProblem(422, "idempotency-key-reused"));
    EXPECT_THAT(titles(get(kTodos)), SizeIs(1));
}

TEST_F(IdempotencyKey, TellsADeleteOfAllFromADeleteOfSome) {
    remove(kTodos + "?completed=true", key);
    EXPECT_THAT(remove(kTodos, key), IsProblem(422, "idempotency-key-reused"));
}

TEST_F(IdempotencyKey, IsRefusedWhileItsRequestIsUnderWay) {
    store.begin(alice, "busy");
    EXPECT_THAT(post(kMilk, {{"idempotency-key", "busy"}}),
                AllOf(IsProblem(409, "request-in-progress"), HasHeader("Retry-After", "1")));
}

TEST_F(IdempotencyKey, BelongsToItsOwner) {
    post(kMilk, key);
    who = bob;
    EXPECT_THAT(post(kBeer, key), AllOf(Answers(201), HasHeader("Idempotent-Replayed", "(none)")));
}

TEST_F(IdempotencyKey, WorksWithEachWrite) {
    EXPECT_THAT(put(kSomeTodo, kMilk, {{"idempotency-key", "put"}}), Answers(201));
    EXPECT_THAT(patch(kSomeTodo, kBeer, {{"idempotency-key", "patch"}}), Answers(200));
    EXPECT_THAT(
        put(kSomeTodo, kMilk, {{"idempotency-key", "put"}}),
        AllOf(Answers(201), HasHeader("Idempotent-Replayed", "true"), HasHeader("Location", kOrigin + kSomeTodo)));
    EXPECT_THAT(patch(kSomeTodo, kBeer, {{"idempotency-key", "patch"}}),
                AllOf(Answers(200), HasHeader("Idempotent-Replayed", "true"), HasHeader("Location", "(none)")));
}

TEST_F(IdempotencyKey, LeavesADeleteDoneOnce) {
    const Fields once = {{"idempotency-key", "delete"}};
    put(kSomeTodo, kMilk);
    remove(kSomeTodo, once);
    put(kSomeTodo, kBeer);

    const Response replayed = remove(kSomeTodo, once);
    EXPECT_THAT(replayed, AllOf(Answers(204), HasHeader("Idempotent-Replayed", "true")));
    EXPECT_THAT(replayed.body, IsEmpty());
    EXPECT_THAT(get(kSomeTodo), Says("beer"));
}

TEST_F(IdempotencyKey, LeavesADeleteOfAllDoneOnce) {
    remove(kTodos, key);
    given_todo("made since");
    EXPECT_THAT(remove(kTodos, key), AllOf(Answers(204), HasHeader("Idempotent-Replayed", "true")));
    EXPECT_THAT(titles(get(kTodos)), SizeIs(1));
}

TEST_F(IdempotencyKey, ReplaysAWriteWhoseConditionHeldThenAndDoesNotNow) {
    put(kSomeTodo, kMilk);
    const std::string tag = header(get(kSomeTodo), "ETag");
    patch(kSomeTodo, kBeer, {{"idempotency-key", "k"}, {"if-match", tag}});

    EXPECT_THAT(patch(kSomeTodo, kBeer, {{"idempotency-key", "k"}, {"if-match", tag}}), Answers(200));
    EXPECT_THAT(patch(kSomeTodo, kBeer, {{"idempotency-key", "k"}, {"if-match", header(get(kSomeTodo), "ETag")}}),
                AllOf(Answers(200), HasHeader("Idempotent-Replayed", "true")));
}

TEST_F(IdempotencyKey, IsFreeAgainAfterARequestThatWasRefused) {
    EXPECT_THAT(patch(kSomeTodo, kBeer, key), Answers(404));
    put(kSomeTodo, kMilk);
    EXPECT_THAT(patch(kSomeTodo, kBeer, key), AllOf(Answers(200), HasHeader("Idempotent-Replayed", "(none)")));
}

TEST_F(IdempotencyKey, Has1To255VisibleCharacters) {
    EXPECT_THAT(post(kMilk, {{"idempotency-key", std::string(255, '~')}}), Answers(201));
    for (const std::string& bad : {std::string{}, std::string(256, 'a'), std::string{"a b"}, std::string{"ü"},
                                   std::string{"a\x7F"}, std::string{"a\tb"}}) {
        EXPECT_THAT(post(kMilk, {{"idempotency-key", bad}}), IsProblem(400, "invalid-header")) << bad;
    }
    EXPECT_THAT(post(kMilk, {{"idempotency-key", "a"}, {"idempotency-key", "b"}}), IsProblem(400, "invalid-header"));
}

}  // namespace
}  // namespace todo
