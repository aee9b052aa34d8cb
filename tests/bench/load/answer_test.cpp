/// Where an answer ends, and whether it is one.
#include "answer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace load {

void PrintTo(Answer::State state, std::ostream* out) {
    *out << (state == Answer::State::kIncomplete ? "incomplete"
             : state == Answer::State::kComplete ? "complete"
                                                 : "malformed");
}

namespace {

using State = Answer::State;

struct AnAnswer : testing::Test {
    static std::string with(std::string_view headers, std::string_view rest) {
        return std::string{"HTTP/1.1 200 OK\r\n"}.append(headers).append("\r\n").append(rest);
    }
    static State state_of(std::string_view bytes) { return read_answer(bytes).state; }
    static State state_with(std::string_view headers, std::string_view rest) { return state_of(with(headers, rest)); }
    /// Each beginning of it, from none of its bytes to all but the last.
    static void expect_to_wait_for_every_byte_of(const std::string& whole) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            EXPECT_EQ(state_of(std::string_view{whole}.substr(0, size)), State::kIncomplete) << size;
        }
        EXPECT_EQ(state_of(whole), State::kComplete);
    }
};

TEST_F(AnAnswer, HasAStatusAndABody) {
    const std::string bytes = "HTTP/1.1 503 Service Unavailable\r\nServer: x\r\nContent-Length: 4\r\n\r\nbody";
    const Answer answer = read_answer(bytes);
    EXPECT_EQ(answer.state, State::kComplete);
    EXPECT_EQ(answer.status, 503U);
    EXPECT_EQ(answer.body, "body");
    EXPECT_FALSE(answer.closes);
}

TEST_F(AnAnswer, IsIncompleteUntilItsLastByte) {
    expect_to_wait_for_every_byte_of(with("Content-Length: 4\r\n", "body"));
    expect_to_wait_for_every_byte_of(with("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"));
    expect_to_wait_for_every_byte_of("HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(AnAnswer, MayBeEmpty) {
    EXPECT_EQ(state_with("Content-Length: 0\r\n", ""), State::kComplete);
    EXPECT_EQ(state_of("HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n"), State::kComplete);
    EXPECT_EQ(state_of("HTTP/1.1 304 Not Modified\r\n\r\n"), State::kComplete);
}

TEST_F(AnAnswer, MayHaveChunks) {
    const std::string bytes = with("Transfer-Encoding: chunked\r\n", "A\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n");
    EXPECT_EQ(read_answer(bytes).state, State::kComplete);
    EXPECT_EQ(read_answer(bytes).body, "A\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n");
}

TEST_F(AnAnswer, HasHeadersInAnyCase) {
    EXPECT_EQ(state_with("content-length: 1\r\n", "x"), State::kComplete);
    EXPECT_EQ(state_with("TRANSFER-ENCODING: Chunked\r\n", "0\r\n\r\n"), State::kComplete);
    EXPECT_EQ(state_with("Content-Length:1\r\n", "x"), State::kComplete) << "without a blank";
}

TEST_F(AnAnswer, IsNotMeasuredByAHeaderOfASimilarName) {
    EXPECT_EQ(state_with("X-Content-Length: 3\r\nContent-Length: 1\r\n", "x"), State::kComplete);
    EXPECT_EQ(state_with("Content-Length-Of: 3\r\nContent-Length: 1\r\n", "x"), State::kComplete);
}

TEST_F(AnAnswer, TellsThatTheServerCloses) {
    EXPECT_TRUE(read_answer(with("Connection: close\r\nContent-Length: 0\r\n", "")).closes);
    EXPECT_TRUE(read_answer(with("connection: Close\r\nContent-Length: 0\r\n", "")).closes);
    EXPECT_FALSE(read_answer(with("Connection: keep-alive\r\nContent-Length: 0\r\n", "")).closes);
}

TEST_F(AnAnswer, IsMalformedWhenItDoesNotBeginLikeOne) {
    EXPECT_EQ(state_of("S"), State::kMalformed) << "with the first byte";
    EXPECT_EQ(state_of("SSH-2.0-OpenSSH_9.2\r\n"), State::kMalformed);
    EXPECT_EQ(state_of("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"), State::kMalformed);
    EXPECT_EQ(state_of("HTTP/1.1\r\n\r\n"), State::kMalformed);
    EXPECT_EQ(state_of("\r\n\r\n"), State::kMalformed);
}

TEST_F(AnAnswer, IsMalformedWithoutAStatus) {
    EXPECT_EQ(state_of("HTTP/1.1 \r\n\r\n"), State::kMalformed);
    EXPECT_EQ(state_of("HTTP/1.1 20\r\n\r\n"), State::kMalformed);
    EXPECT_EQ(state_of("HTTP/1.1 OK\r\n\r\n"), State::kMalformed);
    EXPECT_EQ(state_of("HTTP/1.1 100 Continue\r\n\r\n"), State::kMalformed) << "nobody asked whether to continue";
}

TEST_F(AnAnswer, IsMalformedWhenItsLengthIs) {
    EXPECT_EQ(state_with("Content-Length: \r\n", ""), State::kMalformed);
    EXPECT_EQ(state_with("Content-Length: x\r\n", ""), State::kMalformed);
    EXPECT_EQ(state_with("Content-Length: -1\r\n", ""), State::kMalformed);
    EXPECT_EQ(state_with("Content-Length: 1048577\r\n", ""), State::kMalformed) << "longer than any";
    EXPECT_EQ(state_with("Content-Length: 99999999999999999999\r\n", ""), State::kMalformed);
}

TEST_F(AnAnswer, IsMalformedWhenItWouldEndWithTheConnection) {
    EXPECT_EQ(state_with("", "body"), State::kMalformed);
    EXPECT_EQ(state_with("Transfer-Encoding: gzip\r\n", "body"), State::kMalformed);
}

TEST_F(AnAnswer, IsMalformedWhenItsChunksAre) {
    EXPECT_EQ(state_with("Transfer-Encoding: chunked\r\n", "hello\r\n"), State::kMalformed);
    EXPECT_EQ(state_with("Transfer-Encoding: chunked\r\n", "\r\n"), State::kMalformed);
    EXPECT_EQ(state_with("Transfer-Encoding: chunked\r\n", "-5\r\n"), State::kMalformed);
    EXPECT_EQ(state_with("Transfer-Encoding: chunked\r\n", "100001\r\n"), State::kMalformed) << "longer than any";
    EXPECT_EQ(state_with("Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\n"), State::kMalformed);
}

TEST_F(AnAnswer, IsMalformedWhenMoreFollows) {
    EXPECT_EQ(state_with("Content-Length: 4\r\n", "body."), State::kMalformed);
    EXPECT_EQ(state_with("Content-Length: 0\r\n", with("Content-Length: 0\r\n", "")), State::kMalformed);
    EXPECT_EQ(state_with("Transfer-Encoding: chunked\r\n", "0\r\n\r\nHTTP/1.1 "), State::kMalformed);
    EXPECT_EQ(state_of("HTTP/1.1 204 No Content\r\n\r\nx"), State::kMalformed);
}

TEST_F(AnAnswer, IsMalformedWhenItNeverEnds) {
    EXPECT_EQ(state_of("HTTP/1.1 200 OK\r\nX: " + std::string(kLongestAnswer, 'x')), State::kMalformed);
    EXPECT_EQ(state_with("Transfer-Encoding: chunked\r\n", "1\r\nx\r\n" + std::string(kLongestAnswer, '0')),
              State::kMalformed);
}

}  // namespace
}  // namespace load
