/// What users ask for, and what of the answers is theirs.
#include "todo_requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <stdexcept>
#include <string>

namespace load {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

struct AMix : testing::Test {
    Random random{1};

    [[nodiscard]] std::map<Kind, int> drawn_from(const Mix& mix) {
        std::map<Kind, int> drawn;
        for (int n = 0; n < 100'000; ++n) ++drawn[mix.draw(random)];
        return drawn;
    }
};

TEST_F(AMix, IsDrawnInItsShares) {
    std::map<Kind, int> drawn = drawn_from(Mix{"70:15:10:5"});
    EXPECT_NEAR(drawn[Kind::kList], 70'000, 1'000);
    EXPECT_NEAR(drawn[Kind::kCreate], 15'000, 1'000);
    EXPECT_NEAR(drawn[Kind::kPatch], 10'000, 1'000);
    EXPECT_NEAR(drawn[Kind::kDelete], 5'000, 1'000);
}

TEST_F(AMix, NeverDrawsWhatHasNoShare) {
    EXPECT_EQ(drawn_from(Mix{"0:100:0:0"}), (std::map<Kind, int>{{Kind::kCreate, 100'000}}));
    EXPECT_EQ(drawn_from(Mix{"0:0:0:100"}), (std::map<Kind, int>{{Kind::kDelete, 100'000}}));
    EXPECT_EQ(drawn_from(Mix{"50:0:50:0"}).size(), 2U);
}

struct WhatIsNoMix : testing::TestWithParam<const char*> {};

TEST_P(WhatIsNoMix, IsRefused) { EXPECT_THROW(Mix{GetParam()}, std::invalid_argument); }

INSTANTIATE_TEST_SUITE_P(Text, WhatIsNoMix,
                         testing::Values("", "100", "100:0:0", "100:0:0:0:0", "100:0:0:0:", "100:0:0:", ":0:0:100",
                                         "90:5:4:2", "90:5:4:0", "101:0:0:0", "-1:101:0:0", "50.5:49.5:0:0", "90;5;4;1",
                                         "a:b:c:d", "4294967295:1:100:0"));

/// Of user 255, to a server whose name is `server:80`.
struct ARequest : testing::Test {
    [[nodiscard]] std::string of(Kind kind) {
        std::string text = "what was there";
        write_request(text, kind, {255, "a.token"}, "server:80", random);
        return text;
    }
    /// The first lines of a thousand.
    [[nodiscard]] std::set<std::string> first_lines_of(Kind kind) {
        std::set<std::string> lines;
        for (int n = 0; n < 1000; ++n) {
            const std::string text = of(kind);
            lines.insert(text.substr(0, text.find('\r')));
        }
        return lines;
    }

    Random random{1};
};

TEST_F(ARequest, AsksForTheUsersList) {
    EXPECT_EQ(of(Kind::kList),
              "GET /v1/todos HTTP/1.1\r\n"
              "Host: server:80\r\n"
              "Authorization: Bearer a.token\r\n"
              "\r\n");
}

TEST_F(ARequest, CreatesATodoThatIsMarkedAsTheUsers) {
    const std::string text = of(Kind::kCreate);
    EXPECT_THAT(text, StartsWith("POST /v1/todos HTTP/1.1\r\nHost: server:80\r\nAuthorization: Bearer a.token\r\n"));
    EXPECT_THAT(text, HasSubstr("\r\nContent-Type: application/json\r\n"));
    EXPECT_THAT(text.substr(text.find("\r\n\r\n")), StartsWith("\r\n\r\n{\"title\":\"user 255: "));
}

TEST_F(ARequest, SaysHowLongItsBodyIs) {
    const std::string text = of(Kind::kCreate);
    const std::size_t body_bytes = text.size() - text.find("\r\n\r\n") - 4;
    EXPECT_THAT(text, HasSubstr("\r\nContent-Length: " + std::to_string(body_bytes) + "\r\n"));
}

TEST_F(ARequest, ChangesOneOfTheFirstFiveOfTheUsersTodos) {
    EXPECT_THAT(first_lines_of(Kind::kPatch),
                testing::ElementsAre("PATCH /v1/todos/01980000-0000-7001-8000-0000000000ff HTTP/1.1",
                                     "PATCH /v1/todos/01980000-0000-7002-8000-0000000000ff HTTP/1.1",
                                     "PATCH /v1/todos/01980000-0000-7003-8000-0000000000ff HTTP/1.1",
                                     "PATCH /v1/todos/01980000-0000-7004-8000-0000000000ff HTTP/1.1",
                                     "PATCH /v1/todos/01980000-0000-7005-8000-0000000000ff HTTP/1.1"));
    EXPECT_THAT(of(Kind::kPatch), HasSubstr("\r\nContent-Type: application/merge-patch+json\r\n"));
    EXPECT_THAT(of(Kind::kPatch), HasSubstr("\r\n\r\n{\"completed\":"));
}

TEST_F(ARequest, DeletesOneOfTheLastFiveOfTheUsersTodos) {
    EXPECT_THAT(first_lines_of(Kind::kDelete),
                testing::ElementsAre("DELETE /v1/todos/01980000-0000-7006-8000-0000000000ff HTTP/1.1",
                                     "DELETE /v1/todos/01980000-0000-7007-8000-0000000000ff HTTP/1.1",
                                     "DELETE /v1/todos/01980000-0000-7008-8000-0000000000ff HTTP/1.1",
                                     "DELETE /v1/todos/01980000-0000-7009-8000-0000000000ff HTTP/1.1",
                                     "DELETE /v1/todos/01980000-0000-700a-8000-0000000000ff HTTP/1.1"));
    EXPECT_THAT(of(Kind::kDelete), EndsWith("\r\nAuthorization: Bearer a.token\r\n\r\n"));
}

/// For user 12.
struct AnAnswersBody : testing::Test {
    static std::string list(const std::string& fifth) {
        const std::string own = R"({"id":"x","title":"user 12: water the plants"},)";
        return R"({"items":[)" + own + own + own + own + R"({"id":"x","title":")" + fifth + R"("}]})";
    }
};

TEST_F(AnAnswersBody, IsTheUsersWhenAllOfItIs) {
    EXPECT_TRUE(is_own(Kind::kList, 12, list("user 12: x")));
    EXPECT_TRUE(is_own(Kind::kCreate, 12, R"({"title":"user 12: x"})"));
    EXPECT_TRUE(is_own(Kind::kPatch, 12, R"({"title":"user 12: x"})"));
    EXPECT_TRUE(is_own(Kind::kDelete, 12, ""));
}

TEST_F(AnAnswersBody, IsForeignWithOneTodoOfSomebodyElse) {
    EXPECT_FALSE(is_own(Kind::kList, 12, list("user 13: x")));
    EXPECT_FALSE(is_own(Kind::kCreate, 12, R"({"title":"user 13: x"})"));
}

TEST_F(AnAnswersBody, IsForeignWhenTheNumberOnlyBeginsAlike) {
    EXPECT_FALSE(is_own(Kind::kList, 12, list("user 1: x")));
    EXPECT_FALSE(is_own(Kind::kList, 12, list("user 120: x")));
    EXPECT_FALSE(is_own(Kind::kList, 12, list("about user 12: x")));
}

TEST_F(AnAnswersBody, IsForeignWithoutTheFiveThatNobodyDeletes) {
    EXPECT_FALSE(is_own(Kind::kList, 12, R"({"items":[]})"));
    EXPECT_FALSE(is_own(Kind::kList, 12, R"({"items":[{"title":"user 12: x"}]})"));
    EXPECT_FALSE(is_own(Kind::kList, 12, ""));
}

TEST_F(AnAnswersBody, IsForeignWithMoreOrLessThanTheOneTodoThatWasWritten) {
    EXPECT_FALSE(is_own(Kind::kPatch, 12, ""));
    EXPECT_FALSE(is_own(Kind::kPatch, 12, list("user 12: x")));
    EXPECT_FALSE(is_own(Kind::kDelete, 12, R"({"title":"user 12: x"})"));
}

}  // namespace
}  // namespace load
