/// Many who sign in at once, and what those notice who are signed in already.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "addresses.hpp"
#include "open_loop.hpp"
#include "people.hpp"
#include "rounds.hpp"

namespace api {
namespace {

using open_loop::Clock;
using open_loop::quantile;
using open_loop::Report;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AnyOf;
using testing::Each;
using testing::Pair;
using testing::PrintToString;
using testing::UnorderedElementsAre;

constexpr std::size_t kPeople = 100;  ///< Who sign in, each from an address of his own.
constexpr std::size_t kAccountsOfThem = 20;
constexpr std::size_t kMostTries = 15;  ///< Of each: nginx allows 20 at once.
constexpr double kLists = 150;          ///< A second.
constexpr int kNiceness = 19;           ///< Of their threads: the least that there is.
constexpr seconds kDuration{6};
constexpr milliseconds kSoon{100};

double in_milliseconds(Clock::duration duration) { return std::chrono::duration<double, std::milli>{duration}.count(); }

struct HundredSignIns : testing::Test {
    HundredSignIns() {
        for (std::size_t i = 0; i < kAccountsOfThem; ++i) emails.push_back(given_user().email);
        for (int i = 0; i < 10; ++i) EXPECT_THAT(post(kTodos, R"({"title":"mine"})", reader.headers()), Answers(201));
        std::generate(addresses.begin(), addresses.end(), fresh_address);
    }

    /// By somebody who is signed in, at the times of a schedule.
    [[nodiscard]] Report read_lists(Clock::time_point start) const {
        return open_loop::offer(
            {.path = kTodos, .ports = stack::ports(), .headers = "Authorization: Bearer " + reader.access + "\r\n"},
            kLists, kDuration, start);
    }
    /// All at once, and again all at once when the last one has his answer. They have processors of their own: here
    /// their threads give way to whoever reads, and to the clock that he goes by.
    [[nodiscard]] std::vector<Answer> sign_in_until(Clock::time_point end) const {
        std::vector<Answer> all;
        for (std::size_t tries = 0; tries < kMostTries && Clock::now() < end; ++tries) {
            const auto answers = at_once(kPeople, [this](std::size_t i) {
                setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
                return post_from(addresses[i], kSessions, credentials(emails[i % emails.size()]));
            });
            all.insert(all.end(), answers.begin(), answers.end());
        }
        return all;
    }

    std::vector<std::string> emails;
    std::vector<std::string> addresses = std::vector<std::string>(kPeople);
    const User reader = given_visitor();
};

MATCHER(SignsInOrIsToldWhenToComeBack, "is a session, or says when to come back") {
    if (arg.status == 201) return !text_at(arg, "/access_token").empty();
    return testing::ExplainMatchResult(IsProblem(503, "unavailable"), arg, result_listener) &&
           testing::ExplainMatchResult(HasHeader("Retry-After", testing::MatchesRegex("[1-9][0-9]*")), arg,
                                       result_listener);
}

TEST_F(HundredSignIns, LeaveListsOfTodosUnder100Milliseconds) {
    expect_in_one_of_three_rounds([this] {
        const Clock::time_point start = Clock::now();
        auto reading = std::async(std::launch::async, [&] { return read_lists(start); });
        const std::vector<Answer> answers = sign_in_until(start + kDuration);
        const Report lists = reading.get();

        std::map<int, std::size_t> statuses;
        for (const Answer& answer : answers) ++statuses[answer.status];
        const auto latencies = lists.latencies(200);
        std::cout << "# " << kPeople << " sign-ins at once, " << answers.size() / kPeople
                  << " times: " << PrintToString(statuses) << "; " << kLists << " lists/s meanwhile, "
                  << PrintToString(lists.outcomes()) << ": median " << in_milliseconds(quantile(latencies, 0.5))
                  << ", p99 " << in_milliseconds(quantile(latencies, 0.99)) << ", most "
                  << in_milliseconds(quantile(latencies, 1)) << " ms\n";
        EXPECT_THAT(lists.outcomes(), UnorderedElementsAre(Pair("200", lists.exchanges.size())));
        EXPECT_LT(in_milliseconds(quantile(latencies, 0.99)), in_milliseconds(kSoon));
        EXPECT_THAT(answers, Each(SignsInOrIsToldWhenToComeBack()));
        EXPECT_GE(statuses[201], 5U) << "one is at work, and four wait";
    });
}

}  // namespace
}  // namespace api
