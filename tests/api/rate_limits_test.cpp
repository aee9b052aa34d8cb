/// How often one address and one token may ask, and what is said to who asks more often.
#include <algorithm>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "addresses.hpp"
#include "api_test.hpp"

namespace api {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;
using testing::Not;

int random_number(int least, int most) {
    static std::mt19937 generator{std::random_device{}()};
    return std::uniform_int_distribution{least, most}(generator);
}

/// Looks like a token; its signature is nobody's.
std::string fresh_token() {
    std::string token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.";
    for (int i = 0; i < 43; ++i) token += static_cast<char>(random_number('a', 'z'));
    return token;
}

std::string in_header(const std::string& token) { return "Authorization: Bearer " + token + "\r\n"; }
std::string in_cookie(const std::string& token) { return "Cookie: theme=dark; todo_access=" + token + "\r\n"; }

struct Client {
    std::string address = fresh_address();
    std::string headers{};  ///< Lines.

    [[nodiscard]] Answer ask(const std::string& method, const std::string& path) const {
        return send_raw(method + " " + path +
                            " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 0\r\n" + headers +
                            "\r\n",
                        address);
    }
};

struct Asked {
    int times = 0;
    Answer last;
};

/// Stops at the first refusal.
Asked ask_often(const Client& client, const std::string& method, const std::string& path, int most_times = 1000) {
    Asked asked;
    while (asked.times < most_times && asked.last.status != 429) {
        asked.last = client.ask(method, path);
        ++asked.times;
    }
    return asked;
}

MATCHER_P2(IsRefused, seconds, policy,
           "is refused for " + testing::PrintToString(seconds) + " s by the policy " + policy) {
    return testing::ExplainMatchResult(IsProblem(429, "too-many-requests"), arg, result_listener) &&
           testing::ExplainMatchResult(HasHeader("Retry-After", std::to_string(seconds)), arg, result_listener) &&
           testing::ExplainMatchResult(HasHeader("RateLimit-Policy", policy), arg, result_listener);
}

constexpr const char* kOfAddress = R"("address";q=100;w=1)";
constexpr const char* kOfToken = R"("token";q=50;w=1, "address";q=100;w=1)";
constexpr const char* kOfAttempts = R"("attempts";q=10;w=60, "address";q=100;w=1)";
constexpr const char* kOfConnections = R"("connections";q=16;qu="concurrent-requests")";

struct TooManyRequests : ApiTest {};

TEST_F(TooManyRequests, AreRefusedToAnAddress) {
    const Asked asked = ask_often(Client{}, "GET", kTodos);

    EXPECT_THAT(asked.times, Ge(202));
    EXPECT_THAT(asked.last, IsRefused(1, kOfAddress));
}

TEST_F(TooManyRequests, OfOneAddressAreNoMatterOfAnother) {
    ASSERT_THAT(ask_often(Client{}, "GET", kTodos).last, Answers(429));

    EXPECT_THAT((Client{.headers = "Authorization: " + authorization() + "\r\n"}.ask("GET", kTodos)), Answers(200));
}

TEST_F(TooManyRequests, AreRefusedToATokenInTheHeader) {
    const Asked asked = ask_often(Client{.headers = in_header(fresh_token())}, "GET", "/style.css");

    EXPECT_THAT(asked.times, Ge(102));
    EXPECT_THAT(asked.last, IsRefused(1, kOfToken));
}

TEST_F(TooManyRequests, AreRefusedToATokenInTheCookie) {
    const Asked asked = ask_often(Client{.headers = in_cookie(fresh_token())}, "GET", "/style.css");

    EXPECT_THAT(asked.times, Ge(102));
    EXPECT_THAT(asked.last, IsRefused(1, kOfToken));
}

TEST_F(TooManyRequests, CountForTheTokenInTheHeaderWhereThereIsACookieToo) {
    const std::string in_header_of_both = fresh_token();
    const std::string in_cookie_of_both = fresh_token();
    const Client both{.headers = in_cookie(in_cookie_of_both) + in_header(in_header_of_both)};
    ASSERT_THAT(ask_often(both, "GET", "/style.css").last, IsRefused(1, kOfToken));

    EXPECT_THAT((Client{.headers = in_cookie(in_cookie_of_both)}.ask("GET", "/style.css")), Answers(200));
    EXPECT_THAT((Client{.headers = in_header(in_header_of_both)}.ask("GET", "/style.css")), Answers(429));
}

TEST_F(TooManyRequests, OfOneTokenLeaveSomethingToOthersBehindTheSameAddress) {
    const Client hasty{.headers = in_header(fresh_token())};
    ASSERT_THAT(ask_often(hasty, "GET", "/style.css").last, Answers(429));

    EXPECT_THAT((Client{hasty.address, in_header(fresh_token())}.ask("GET", "/style.css")), Answers(200));
    EXPECT_THAT((Client{hasty.address}.ask("GET", "/style.css")), Answers(200));
}

TEST_F(TooManyRequests, AreRefusedToATokenAtAllAddressesTogether) {
    const std::string token = fresh_token();
    std::vector<int> answered(300);
    std::generate(answered.begin(), answered.end(),
                  [&] { return Client{.headers = in_header(token)}.ask("GET", "/style.css").status; });

    EXPECT_THAT(answered, testing::Contains(429));
}

TEST_F(TooManyRequests, OfAnExemptAddressAreNone) {
    const Client exempt{"127.0.0.1", in_header(fresh_token())};

    EXPECT_THAT(ask_often(exempt, "GET", "/style.css", 300).last, Answers(200));
    EXPECT_THAT(ask_often(exempt, "POST", "/v1/sessions", 30).last, Not(Answers(429)));
}

TEST_F(TooManyRequests, AtTheSameTimeAreRefused) {
    const Client client{};
    const std::string head =
        "POST /v1/todos HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n"
        "Expect: 100-continue\r\n\r\n";
    std::vector<std::shared_ptr<const void>> at_work(16);
    std::generate(at_work.begin(), at_work.end(), [&] { return begin_raw(head, client.address); });

    EXPECT_THAT(client.ask("GET", kTodos), IsRefused(1, kOfConnections));
}

/// What costs a password, a mail or a guess.
struct Attempts : testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Attempts, AreTwentyAtOnceAndTenAMinute) {
    const auto [method, path] = GetParam();
    const Client client{};

    const Asked asked = ask_often(client, method, path);

    EXPECT_THAT(asked.times, AllOf(Ge(22), Le(30)));
    EXPECT_THAT(asked.last, IsRefused(6, kOfAttempts));
    EXPECT_THAT(client.ask("GET", "/"), Answers(200));
}

INSTANTIATE_TEST_SUITE_P(Of, Attempts,
                         testing::Values(std::pair{"POST", "/v1/accounts"}, std::pair{"POST", "/v1/sessions"},
                                         std::pair{"PATCH", "/v1/account"}, std::pair{"DELETE", "/v1/account"},
                                         std::pair{"POST", "/v1/email-verifications"},
                                         std::pair{"POST", "/v1/email-verifications/confirm"},
                                         std::pair{"POST", "/v1/password-resets"},
                                         std::pair{"POST", "/v1/password-resets/confirm"}));

struct AnAttempt : testing::Test {
    const Client client{};
};

TEST_F(AnAttempt, CountsWithThoseOfOtherKinds) {
    ASSERT_THAT(ask_often(client, "POST", "/v1/sessions").last, Answers(429));

    EXPECT_THAT(client.ask("POST", "/v1/accounts"), IsRefused(6, kOfAttempts));
    EXPECT_THAT(client.ask("POST", "/v1/password-resets"), IsRefused(6, kOfAttempts));
}

TEST_F(AnAttempt, CountsInAnySpellingThatTheWorkerUnderstands) {
    ASSERT_THAT(ask_often(client, "POST", "/v1/sessions").last, Answers(429));

    EXPECT_THAT(client.ask("POST", "/v1/%73ession%73"), Answers(429));
    EXPECT_THAT(client.ask("POST", "/v1/sessions?a=b"), Answers(429));
    EXPECT_THAT(client.ask("POST", "http://127.0.0.1/v1/sessions"), Answers(429));
}

TEST_F(AnAttempt, WithATokenIsToldOfAllItsLimits) {
    const Client signed_in{.headers = in_header(fresh_token())};

    EXPECT_THAT(ask_often(signed_in, "PATCH", "/v1/account").last,
                HasHeader("RateLimit-Policy", AllOf(HasSubstr(R"("attempts";)"), HasSubstr(R"("token";)"))));
}

TEST_F(AnAttempt, IsNothingThatEachClientDoesAllTheTime) {
    EXPECT_THAT(ask_often(client, "POST", "/v1/sessions/refresh", 30).last, Not(Answers(429)));
    EXPECT_THAT(ask_often(client, "DELETE", "/v1/sessions/current", 30).last, Not(Answers(429)));
    EXPECT_THAT(ask_often(client, "GET", "/v1/account", 30).last, Not(Answers(429)));
}

}  // namespace
}  // namespace api
