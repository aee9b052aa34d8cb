/// HTTP/2 of one connection: what a request becomes, what becomes of an answer, and what happens when the server does
/// not keep to the protocol.
#include "http2.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "answer.hpp"
#include "http2_peer.hpp"

namespace load {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

constexpr std::string_view kList =
    "GET /v1/todos HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAuthorization: Bearer abc\r\n\r\n";
constexpr std::string_view kCreate =
    "POST /v1/todos HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n"
    R"({"title":"a"})";
constexpr std::int32_t kFirst = 1;  // the client's streams are odd
constexpr std::int32_t kSecond = 3;

struct Http2 : testing::Test {
    /// All that both have to say to each other. False when the client cannot go on.
    bool talk() {
        for (bool more = true; more;) {
            const std::string from_client = client.output();
            server.hear(from_client);
            const std::string from_server = server.says();
            if (!client.receive(from_server)) return false;
            more = !from_client.empty() || !from_server.empty();
        }
        return true;
    }
    Http2Session client;
    Http2Peer server;
};

TEST_F(Http2, MakesAStreamOfARequest) {
    ASSERT_TRUE(client.ask(kList, 0));
    ASSERT_TRUE(talk());
    EXPECT_THAT(
        server.requests[kFirst].headers,
        UnorderedElementsAre(Pair(":method", "GET"), Pair(":scheme", "https"), Pair(":authority", "127.0.0.1:8080"),
                             Pair(":path", "/v1/todos"), Pair("authorization", "Bearer abc")));
    EXPECT_EQ(server.requests[kFirst].body, "");
    EXPECT_TRUE(server.requests[kFirst].is_whole);
}

TEST_F(Http2, SendsABody) {
    ASSERT_TRUE(client.ask(kCreate, 0));
    ASSERT_TRUE(talk());
    EXPECT_EQ(server.requests[kFirst].headers["content-length"], "13");
    EXPECT_EQ(server.requests[kFirst].body, R"({"title":"a"})");
    EXPECT_TRUE(server.requests[kFirst].is_whole);
}

TEST_F(Http2, GivesAnAnswerOnce) {
    ASSERT_TRUE(client.ask(kList, 7));
    ASSERT_TRUE(talk());
    EXPECT_FALSE(client.next_answer());
    server.answer(kFirst, "200", "[]");
    ASSERT_TRUE(talk());
    const auto answered = client.next_answer();
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->mark, 7);
    EXPECT_EQ(answered->status, 200U);
    EXPECT_EQ(answered->body, "[]");
    EXPECT_FALSE(answered->closes);
    EXPECT_FALSE(client.next_answer());
}

TEST_F(Http2, GivesAnAnswerWithoutABody) {
    ASSERT_TRUE(client.ask(kList, 0));
    ASSERT_TRUE(talk());
    server.answer(kFirst, "204");
    ASSERT_TRUE(talk());
    const auto answered = client.next_answer();
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->status, 204U);
    EXPECT_EQ(answered->body, "");
}

TEST_F(Http2, TellsAnswersApartThatComeInAnotherOrder) {
    ASSERT_TRUE(client.ask(kList, 1));
    ASSERT_TRUE(client.ask(kCreate, 2));
    ASSERT_TRUE(talk());
    server.answer(kSecond, "201", "{}");
    ASSERT_TRUE(talk());
    server.answer(kFirst, "200", "[]");
    ASSERT_TRUE(talk());
    EXPECT_EQ(client.next_answer().value_or(Http2Session::Answered{}).mark, 2);
    EXPECT_EQ(client.next_answer().value_or(Http2Session::Answered{}).mark, 1);
}

/// The windows of a stream and of the connection are 64 KiB at first.
TEST_F(Http2, TakesAnAnswerThatIsLongerThanAWindow) {
    const std::string body(300'000, 'x');
    ASSERT_TRUE(client.ask(kList, 0));
    ASSERT_TRUE(talk());
    server.answer(kFirst, "200", body);
    ASSERT_TRUE(talk());
    EXPECT_EQ(client.next_answer().value_or(Http2Session::Answered{}).body, body);
}

TEST_F(Http2, TakesAnAnswerInPieces) {
    ASSERT_TRUE(client.ask(kList, 0));
    ASSERT_TRUE(talk());
    server.answer(kFirst, "200", "[]");
    const std::string bytes = server.says();
    for (const char byte : bytes) {
        EXPECT_FALSE(client.next_answer());
        ASSERT_TRUE(client.receive({&byte, 1}));
    }
    EXPECT_EQ(client.next_answer().value_or(Http2Session::Answered{}).body, "[]");
}

TEST_F(Http2, GoesOnWithTheNextRequest) {
    for (std::int32_t stream = kFirst; stream < 20; stream += 2) {
        ASSERT_TRUE(client.ask(kList, 0));
        ASSERT_TRUE(talk());
        server.answer(stream, "200", "[]");
        ASSERT_TRUE(talk());
        EXPECT_TRUE(client.next_answer());
    }
}

TEST_F(Http2, SaysThatTheServerTakesNoMore) {
    ASSERT_TRUE(client.ask(kList, 0));
    ASSERT_TRUE(talk());
    server.leave(kFirst);
    server.answer(kFirst, "200", "[]");
    ASSERT_TRUE(talk());
    EXPECT_TRUE(client.next_answer().value_or(Http2Session::Answered{}).closes);
    EXPECT_FALSE(client.ask(kList, 0));
}

TEST_F(Http2, FailsWhereTheServerRefusesAStream) {
    ASSERT_TRUE(client.ask(kList, 0));
    ASSERT_TRUE(talk());
    server.refuse(kFirst);
    EXPECT_FALSE(talk());
    EXPECT_FALSE(client.next_answer());
}

TEST_F(Http2, FailsWhereAnAnswerIsCutThoughNothingIsSaidToBeWrong) {
    ASSERT_TRUE(client.ask(kList, 0));
    ASSERT_TRUE(talk());
    server.cut(kFirst);
    EXPECT_FALSE(talk());
    EXPECT_FALSE(client.next_answer());
}

TEST_F(Http2, FailsWhereTheServerLeavesWithARequestUnderWay) {
    ASSERT_TRUE(client.ask(kList, 0));
    ASSERT_TRUE(talk());
    EXPECT_FALSE(client.is_left());
    server.leave(0);
    EXPECT_FALSE(talk());
    EXPECT_TRUE(client.is_left());
    EXPECT_FALSE(client.next_answer());
}

TEST_F(Http2, FailsWhereAnAnswerIsTooLong) {
    ASSERT_TRUE(client.ask(kList, 0));
    ASSERT_TRUE(talk());
    server.answer(kFirst, "200", std::string(kLongestAnswer + 1, 'x'));
    EXPECT_FALSE(talk());
}

TEST_F(Http2, FailsWhereAFrameIsNotAllowed) {
    ASSERT_TRUE(talk());
    // Data on a stream that nobody has opened: nine bytes of a frame's head, and one of its own.
    EXPECT_FALSE(client.receive(std::string{"\0\0\1\0\0\0\0\0\7x", 10}));
}

TEST_F(Http2, FailsWhereSomethingElseIsSpoken) {
    EXPECT_FALSE(client.receive("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
}

}  // namespace
}  // namespace load
