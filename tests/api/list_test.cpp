/// GET /v1/todos: pages, sorts and filters.
#include "api_test.hpp"

#include <algorithm>
#include <array>

namespace api {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

struct ListTodos : ApiTest {};

TEST_F(ListTodos, IsAnEmptyArrayAtFirst) {
    const Answer list = get(kTodos);

    EXPECT_THAT(list, Answers(200));
    EXPECT_THAT(list, HasHeader("Content-Type", "application/json"));
    EXPECT_EQ(list.body, "[]");
}

TEST_F(ListTodos, ShowsEachTodoAsItIsReadAlone) {
    const GivenTodo first = given(R"({"title":"a","order":1})");
    const GivenTodo second = given(R"({"title":"b","completed":true,"notes":"n"})");

    EXPECT_EQ(get(kTodos).body, "[" + get(first.path).body + "," + get(second.path).body + "]");
}

TEST_F(ListTodos, IsInTheOrderOfCreation) {
    for (const char* title : {"z", "a", "m"}) given_todo(title);

    EXPECT_THAT(each(get(kTodos), "title"), ElementsAre(R"("z")", R"("a")", R"("m")"));
    EXPECT_EQ(get("/v1/todos?sort=id").body, get(kTodos).body);
}

TEST_F(ListTodos, SortsByOrderWithNoneLastAndTiesByCreation) {
    given(R"({"title":"none 1"})");
    given(R"({"title":"ten 1","order":10})");
    given(R"({"title":"minus","order":-3})");
    given(R"({"title":"ten 2","order":10})");
    given(R"({"title":"none 2"})");

    EXPECT_THAT(each(get("/v1/todos?sort=order"), "title"),
                ElementsAre(R"("minus")", R"("ten 1")", R"("ten 2")", R"("none 1")", R"("none 2")"));
}

TEST_F(ListTodos, ShowsTheCompletedOrTheOpenOnes) {
    given(R"({"title":"open"})");
    given(R"({"title":"done","completed":true})");

    EXPECT_THAT(each(get("/v1/todos?completed=true"), "title"), ElementsAre(R"("done")"));
    EXPECT_THAT(each(get("/v1/todos?completed=false&sort=order"), "title"), ElementsAre(R"("open")"));
}

TEST_F(ListTodos, AnswersHeadWithTheSameLink) {
    for (const char* title : {"a", "b"}) given_todo(title);

    const Answer asked = head("/v1/todos?limit=1");

    EXPECT_THAT(asked, Answers(200));
    EXPECT_EQ(asked.body, "");
    EXPECT_THAT(asked, HasHeader("Link", get("/v1/todos?limit=1").header("Link")));
}

/// 120 todos. Their order goes 0, 1, 2, none, 0, 1, 2, none, ...; every fifth one is completed.
struct Pages : ApiTest {
    static constexpr int kCount = 120;

    void SetUp() override {
        ApiTest::SetUp();
        constexpr std::array kOrders{"0", "1", "2", "null"};
        for (int i = 0; i < kCount; ++i) {
            given(R"({"title":"t)" + std::to_string(i) + R"(","order":)" + kOrders.at(static_cast<std::size_t>(i) % 4) +
                  R"(,"completed":)" + (i % 5 == 0 ? "true" : "false") + "}");
        }
    }

    /// The path behind rel="next"; empty on the last page.
    static std::string next_of(const Answer& page) {
        const std::string link = page.header("Link");
        if (link.empty()) return "";
        EXPECT_THAT(link, StartsWith("<" + stack::url() + "/v1/todos?"));
        EXPECT_THAT(link, EndsWith(R"(>; rel="next")"));
        const std::size_t begin = 1 + stack::url().size();
        return link.substr(begin, link.find('>') - begin);
    }

    /// Field of each todo over all pages, and how many pages there were.
    static std::pair<std::vector<std::string>, int> walk(std::string path, const char* field) {
        std::vector<std::string> all;
        int pages = 0;
        while (!path.empty() && pages < kCount) {
            const Answer page = get(path);
            EXPECT_THAT(page, Answers(200));
            const std::vector<std::string> values = each(page, field);
            all.insert(all.end(), values.begin(), values.end());
            path = next_of(page);
            ++pages;
        }
        return {all, pages};
    }

    static std::vector<std::string> titles_sorted_by_order() {
        std::vector<std::string> titles;
        for (int remainder = 0; remainder < 4; ++remainder) {
            for (int i = remainder; i < kCount; i += 4) titles.push_back("\"t" + std::to_string(i) + "\"");
        }
        return titles;
    }
    static std::vector<std::string> titles_sorted_by_id() {
        std::vector<std::string> titles(kCount);
        for (int i = 0; std::string & title : titles) title = "\"t" + std::to_string(i++) + "\"";
        return titles;
    }
};

TEST_F(Pages, HoldFiftyTodosUnlessAskedOtherwise) {
    EXPECT_THAT(get(kTodos), HasTodos(50));
    EXPECT_THAT(get("/v1/todos?limit=7"), HasTodos(7));
    EXPECT_THAT(get("/v1/todos?limit=200"), HasTodos(kCount));
}

TEST_F(Pages, EndWithoutALink) {
    EXPECT_THAT(get("/v1/todos?limit=120"), HasNoHeader("Link"));
    EXPECT_THAT(get("/v1/todos?limit=119"), HasHeader("Link", HasSubstr("rel=\"next\"")));
}

TEST_F(Pages, ShowEachTodoOnceInTheOrderOfCreation) {
    const auto [titles, pages] = walk("/v1/todos?limit=30", "title");

    EXPECT_EQ(titles, titles_sorted_by_id());
    EXPECT_EQ(pages, 4);
}

TEST_F(Pages, ShowEachTodoOnceSortedByOrder) {
    // 7 divides no run of equal orders: pages end in the middle of ties and of those without an order.
    const auto [titles, pages] = walk("/v1/todos?limit=7&sort=order", "title");

    EXPECT_EQ(titles, titles_sorted_by_order());
    EXPECT_EQ(pages, 18);
}

TEST_F(Pages, KeepFilterAndSortInTheirLink) {
    const auto [completed, pages] = walk("/v1/todos?limit=10&sort=order&completed=true", "completed");

    EXPECT_EQ(completed, std::vector<std::string>(24, "true"));
    EXPECT_EQ(pages, 3);
}

TEST_F(Pages, MissNoTodoWhenOthersAreDeletedInBetween) {
    const Answer first = get("/v1/todos?limit=60");
    ASSERT_THAT(remove("/v1/todos?completed=true"), Answers(204));

    // 12 of the second 60 are gone.
    EXPECT_THAT(get(next_of(first)), HasTodos(48));
}

TEST_F(Pages, RefuseACursorOfAnotherSort) {
    const std::string by_order = next_of(get("/v1/todos?sort=order&limit=10"));
    const std::string cursor = by_order.substr(by_order.find("cursor="));

    EXPECT_THAT(get("/v1/todos?" + cursor.substr(0, cursor.find('&'))), IsProblem(400, "invalid-query"));
}

TEST_F(Pages, RefuseACursorThatWasCutOrGrew) {
    const std::string next = next_of(get("/v1/todos?limit=10"));
    const std::size_t begin = next.find("cursor=") + 7;
    const std::string cursor = next.substr(begin, next.find('&', begin) - begin);

    EXPECT_THAT(get("/v1/todos?cursor=" + cursor.substr(0, cursor.size() - 1)), IsProblem(400, "invalid-query"));
    EXPECT_THAT(get("/v1/todos?cursor=" + cursor + "AAAA"), IsProblem(400, "invalid-query"));
    EXPECT_THAT(get("/v1/todos?cursor=" + std::string(2000, 'A')), IsProblem(400, "invalid-query"));
}

}  // namespace
}  // namespace api
