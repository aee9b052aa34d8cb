/// HTTP/2 of one connection: what a request becomes, what becomes of an answer, and what happens when the server does
/// not keep to the protocol.
#include "http2.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "answer.hpp"

namespace load {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

/// The server's side, by the same library.
class Server {
public:
    struct Request {
        std::map<std::string, std::string> headers;
        std::string body;
        bool is_whole = false;
    };

    Server() {
        nghttp2_session_callbacks* callbacks = nullptr;
        nghttp2_session_callbacks_new(&callbacks);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_session* made = nullptr;
        nghttp2_session_server_new(&made, callbacks, this);
        nghttp2_session_callbacks_del(callbacks);
        session_.reset(made);
        nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, nullptr, 0);
    }

    void hear(const std::string& bytes) {
        const auto count =
            nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
        ASSERT_EQ(count, static_cast<ssize_t>(bytes.size())) << nghttp2_strerror(static_cast<int>(count));
    }
    [[nodiscard]] std::string says() {
        std::string bytes;
        const std::uint8_t* piece = nullptr;
        ssize_t count = 0;
        while ((count = nghttp2_session_mem_send(session_.get(), &piece)) > 0)
            bytes.append(reinterpret_cast<const char*>(piece), static_cast<std::size_t>(count));
        return bytes;
    }

    void answer(std::int32_t stream, std::string_view status, const std::string& body = "") {
        bodies_[stream] = body;
        constexpr std::string_view kStatus = ":status";
        std::array<nghttp2_nv, 1> headers{
            {{bytes_of(kStatus), bytes_of(status), kStatus.size(), status.size(), NGHTTP2_NV_FLAG_NONE}}};
        const nghttp2_data_provider provider{{}, write_body};
        ASSERT_EQ(nghttp2_submit_response(session_.get(), stream, headers.data(), headers.size(),
                                          body.empty() ? nullptr : &provider),
                  0);
    }
    void refuse(std::int32_t stream) {
        nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_REFUSED_STREAM);
    }
    void leave(std::int32_t last) {
        nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
    }

    std::map<std::int32_t, Request> requests;

private:
    static std::uint8_t* bytes_of(std::string_view text) {
        return const_cast<std::uint8_t*>(  // NOLINT(cppcoreguidelines-pro-type-const-cast): the library changes nothing
            reinterpret_cast<const std::uint8_t*>(text.data()));
    }
    static std::string text(const std::uint8_t* bytes, std::size_t size) {
        return {reinterpret_cast<const char*>(bytes), size};
    }
    static int on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame, const std::uint8_t* name,
                         std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                         std::uint8_t /*flags*/, void* self) {
        static_cast<Server*>(self)->requests[frame->hd.stream_id].headers[text(name, name_size)] =
            text(value, value_size);
        return 0;
    }
    static int on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t stream,
                       const std::uint8_t* data, std::size_t size, void* self) {
        static_cast<Server*>(self)->requests[stream].body += text(data, size);
        return 0;
    }
    static int on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* self) {
        if (frame->hd.stream_id != 0 && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
            static_cast<Server*>(self)->requests[frame->hd.stream_id].is_whole = true;
        return 0;
    }
    static ssize_t write_body(nghttp2_session* /*session*/, std::int32_t stream, std::uint8_t* buffer, std::size_t size,
                              std::uint32_t* flags, nghttp2_data_source* /*source*/, void* self) {
        std::string& body = static_cast<Server*>(self)->bodies_[stream];
        const std::size_t count = body.copy(reinterpret_cast<char*>(buffer), size);
        body.erase(0, count);
        if (body.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(count);
    }

    std::unique_ptr<nghttp2_session, decltype(&nghttp2_session_del)> session_{nullptr, nghttp2_session_del};
    std::map<std::int32_t, std::string> bodies_;
};

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
    Server server;
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
