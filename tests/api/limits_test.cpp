/// What one owner may have.
#include <algorithm>

#include "api_test.hpp"

namespace api {
namespace {

using testing::Each;

struct Limits : ApiTest {
    static constexpr std::size_t kTodosOfAnOwner = 10'000;
    static constexpr std::size_t kClients = 20;

    /// Ends with the list as empty as it began, not to slow down the next test.
    void TearDown() override { EXPECT_THAT(remove(kTodos), Answers(204)); }

    /// The last answer of each client that was not 201, or its very last.
    static std::vector<Answer> fill_up_to(std::size_t count) {
        return at_once(kClients, [&](std::size_t) {
            Answer answer;
            for (std::size_t i = 0; i < count / kClients; ++i) {
                answer = post(kTodos, R"({"title":"one of many"})");
                if (answer.status != 201) break;
            }
            return answer;
        });
    }
};

TEST_F(Limits, AllowTenThousandTodosAndNotOneMore) {
    ASSERT_THAT(fill_up_to(kTodosOfAnOwner), Each(Answers(201)));

    EXPECT_THAT(post(kTodos, R"({"title":"a"})"), IsProblem(409, "too-many-todos"));
    EXPECT_THAT(put(kNobody, R"({"title":"a"})"), IsProblem(409, "too-many-todos"));
    EXPECT_THAT(get(kNobody), Answers(404));
}

}  // namespace
}  // namespace api
