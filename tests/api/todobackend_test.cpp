/// The sixteen behaviours that a client of TodoBackend (todobackend.com) relies on, without a browser.
#include "api_test.hpp"

namespace api {
namespace {

using testing::ElementsAre;

/// Such a client knows the address of the list and follows urls from there.
struct TodoBackend : ApiTest {
    static std::string path_of(const Answer& answer, const std::string& pointer = "/url") {
        return text_at(answer, pointer).substr(stack::url().size());
    }
};

TEST_F(TodoBackend, AnswersAGetOfTheRoot) { EXPECT_THAT(get(kTodos), Answers(200)); }

TEST_F(TodoBackend, AnswersAPostWithTheTodoThatWasPosted) {
    EXPECT_THAT(post(kTodos, R"({"title":"a todo"})"), HasField("/title", R"("a todo")"));
}

TEST_F(TodoBackend, AnswersADeleteOfTheRoot) { EXPECT_THAT(remove(kTodos), Answers(204)); }

TEST_F(TodoBackend, HasAnEmptyArrayAfterADeleteOfTheRoot) {
    given_todo();
    remove(kTodos);
    EXPECT_EQ(get(kTodos).body, "[]");
}

TEST_F(TodoBackend, AddsANewTodoToTheList) {
    given_todo("walk the dog");
    EXPECT_THAT(each(get(kTodos), "title"), ElementsAre(R"("walk the dog")"));
}

TEST_F(TodoBackend, MakesANewTodoThatIsNotCompleted) {
    given_todo();
    EXPECT_THAT(each(get(kTodos), "completed"), ElementsAre("false"));
}

TEST_F(TodoBackend, GivesEachNewTodoAUrl) {
    given_todo();
    EXPECT_EQ(text_at(get(kTodos), "/0/url").find("http://"), 0U);
}

TEST_F(TodoBackend, GivesAUrlThatReturnsTheTodo) {
    const Answer created = post(kTodos, R"({"title":"my todo"})");
    EXPECT_THAT(get(path_of(created)), HasField("/title", R"("my todo")"));
}

TEST_F(TodoBackend, CanBeNavigatedFromTheListToATodo) {
    given_todo("first");
    given_todo("second");
    EXPECT_THAT(get(path_of(get(kTodos), "/1/url")), HasField("/title", R"("second")"));
}

TEST_F(TodoBackend, ChangesATitle) {
    const Answer created = post(kTodos, R"({"title":"initial"})");
    EXPECT_THAT(patch(path_of(created), R"({"title":"bathe the cat"})"), HasField("/title", R"("bathe the cat")"));
}

TEST_F(TodoBackend, ChangesWhetherItIsCompleted) {
    const Answer created = post(kTodos, R"({"title":"a"})");
    EXPECT_THAT(patch(path_of(created), R"({"completed":true})"), HasField("/completed", "true"));
}

TEST_F(TodoBackend, RemembersChangesInTheTodoAndInTheList) {
    const Answer created = post(kTodos, R"({"title":"a"})");
    patch(path_of(created), R"({"title":"changed","completed":true})");

    EXPECT_THAT(get(path_of(created)), HasField("/title", R"("changed")"));
    EXPECT_THAT(get(kTodos), HasField("/0/completed", "true"));
}

TEST_F(TodoBackend, DeletesATodoAtItsUrl) {
    const Answer created = post(kTodos, R"({"title":"a"})");
    EXPECT_THAT(remove(path_of(created)), Answers(204));
    EXPECT_EQ(get(kTodos).body, "[]");
}

TEST_F(TodoBackend, CreatesATodoWithAnOrder) {
    EXPECT_THAT(post(kTodos, R"({"title":"a","order":523})"), HasField("/order", "523"));
}

TEST_F(TodoBackend, ChangesAnOrder) {
    const Answer created = post(kTodos, R"({"title":"a","order":10})");
    EXPECT_THAT(patch(path_of(created), R"({"order":95})"), HasField("/order", "95"));
}

TEST_F(TodoBackend, RemembersAChangedOrder) {
    const Answer created = post(kTodos, R"({"title":"a","order":10})");
    patch(path_of(created), R"({"order":95})");
    EXPECT_THAT(get(path_of(created)), HasField("/order", "95"));
}

}  // namespace
}  // namespace api
