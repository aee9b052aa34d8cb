/// Tokens that are good no more: refresh tokens that came twice, and all tokens of an account that was blocked.
#include <chrono>
#include <iostream>
#include <sstream>
#include <vector>

#include "../patience.hpp"
#include "people.hpp"

namespace api {
namespace {

using testing::Each;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using Clock = std::chrono::steady_clock;

/// What the operator types.
std::string admin(const std::string& words) {
    return stack::run("'" + stack::setting("STATE") + "/bin/todo-worker' admin " + words + " --database '" +
                      stack::setting("WORKER_DSN") + "'");
}

/// Lists of todos that each worker process has answered so.
std::vector<long> lists_answered(int status) {
    std::vector<long> counts;
    for (std::size_t slot = 0; slot < stack::workers().size(); ++slot) {
        std::istringstream metrics{get_private("/worker/" + std::to_string(slot) + "/metrics").body};
        const std::string wanted =
            R"(todo_worker_responses_total{method="GET",route="/v1/todos",status=")" + std::to_string(status) + "\"} ";
        long count = 0;
        for (std::string line; std::getline(metrics, line);) {
            if (line.starts_with(wanted)) count = std::stol(line.substr(wanted.size()));
        }
        counts.push_back(count);
    }
    return counts;
}

/// Asks until each process has answered so 10 times, which all answers are expected to be. Many at once: of two
/// processes that have nothing to do, the same one takes each request that comes alone.
template <typename Expected>
void expect_of_each_process(const User& user, int status, const Expected& expected) {
    std::vector<long> enough = lists_answered(status);
    ASSERT_THAT(enough, SizeIs(2));
    for (long& count : enough) count += 10;
    EXPECT_TRUE(comes_true([&] {
        EXPECT_THAT(at_once(40, [&](std::size_t) { return get(kTodos, user.headers()); }), Each(expected));
        const std::vector<long> counts = lists_answered(status);
        return testing::Test::HasFailure() || (counts[0] >= enough[0] && counts[1] >= enough[1]);
    })) << "one of the processes is not asked";
}

TEST(RefreshTokens, ThatComeTwiceEndAllThatCameOfThem) {
    const User first = given_user();
    const User other = user_of(sign_in(first.email));
    const User second = user_of(refresh(first.refresh));
    const User third = user_of(refresh(second.refresh));
    const User newest = user_of(refresh(third.refresh));

    EXPECT_THAT(refresh(second.refresh), IsProblem(401, "refresh-token-reused"));

    for (const User& each : {first, second, third, newest}) {
        EXPECT_THAT(refresh(each.refresh), IsProblem(401, "session-ended"));
    }
    EXPECT_THAT(refresh(other.refresh), Answers(200)) << "another session of the account is no matter of theirs";
}

TEST(RefreshTokens, AreGoodForOneOfTwoThatComeAtTheSameMoment) {
    const User user = given_visitor();

    const auto answers = at_once(2, [&](std::size_t) { return refresh(user.refresh); });

    EXPECT_THAT(answers, UnorderedElementsAre(Answers(200), IsProblem(401, "refresh-token-reused")));
    const Answer& good = answers[0].status == 200 ? answers[0] : answers[1];
    EXPECT_THAT(refresh(text_at(good, "/refresh_token")), IsProblem(401, "session-ended"));
}

TEST(RefreshTokens, WithALetterChangedEndNothing) {
    const User user = given_visitor();
    std::string changed = user.refresh;
    changed[8] = changed[8] == 'A' ? 'B' : 'A';  // of the owner's id

    EXPECT_THAT(refresh(changed), IsProblem(401, "session-ended"));
    EXPECT_THAT(refresh(user.refresh), Answers(200));
}

TEST(RefreshTokens, EndByTheOperatorsWord) {
    const User user = given_user();
    admin("end-sessions " + user.email);

    EXPECT_THAT(refresh(user.refresh), IsProblem(401, "session-ended"));
    EXPECT_THAT(sign_in(user.email), Answers(201));
}

struct BlockedAccount : testing::Test {
    const User user = given_user();
    Clock::time_point blocked_at;

    void SetUp() override {
        ASSERT_THAT(post(kTodos, R"({"title":"mine"})", user.headers()), Answers(201));
        admin("block " + user.email);
        blocked_at = Clock::now();
    }
    /// Until its tokens are to be refused.
    void wait_for_two_seconds() const {
        Clock::time_point last_answer = blocked_at;
        while (Clock::now() < blocked_at + std::chrono::seconds{2}) {
            if (get(kTodos, user.headers()).status == 200) last_answer = Clock::now();
        }
        std::cout << "# a blocked account had its last answer after "
                  << std::chrono::duration_cast<std::chrono::milliseconds>(last_answer - blocked_at).count() << " ms\n";
    }
};

TEST_F(BlockedAccount, IsRefusedByEachProcessAfterTwoSecondsThoughItsTokenHasNotExpired) {
    wait_for_two_seconds();

    expect_of_each_process(user, 401, IsProblem(401, "revoked"));
    EXPECT_THAT(post(kTodos, R"({"title":"mine"})", user.headers()), IsProblem(401, "revoked"));
    EXPECT_THAT(get(kAccount, user.headers()), IsProblem(401, "revoked"));
    EXPECT_THAT(remove(kSessions, user.headers()), IsProblem(401, "revoked"));
}

TEST_F(BlockedAccount, IsNotLetIn) {
    EXPECT_THAT(refresh(user.refresh), IsProblem(401, "session-ended"));
    EXPECT_THAT(sign_in(user.email), IsProblem(403, "account-blocked"));
    EXPECT_THAT(sign_in(user.email, "wrong horse"), IsProblem(401, "wrong-credentials"))
        << "who does not know the password does not learn of it";
}

TEST_F(BlockedAccount, IsLetInAgainByANewSignInAloneOnceItIsUnblocked) {
    wait_for_two_seconds();
    admin("unblock " + user.email);
    const User again = user_of(sign_in(user.email));

    EXPECT_THAT(each(get(kTodos, again.headers()), "title"), testing::ElementsAre("\"mine\""));
    expect_of_each_process(again, 200, Answers(200));

    const auto unblocked_at = Clock::now();
    while (Clock::now() < unblocked_at + std::chrono::seconds{2}) {
        ASSERT_THAT(get(kTodos, user.headers()), IsProblem(401, "revoked")) << "whoever has the old token";
    }
    expect_of_each_process(user, 401, IsProblem(401, "revoked"));
    expect_of_each_process(again, 200, Answers(200));
    EXPECT_THAT(refresh(user.refresh), IsProblem(401, "session-ended"));
}

}  // namespace
}  // namespace api
