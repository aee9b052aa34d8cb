/// The server's side of HTTP/2 on one connection, by the same library as the client's.
///
/// Threads: one.
/// Errors:  what the client must not send fails the test.
#pragma once

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace load {

class Http2Peer {
public:
    struct Request {
        std::map<std::string, std::string> headers;
        std::string body;
        bool is_whole = false;
    };

    Http2Peer() {
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
    void cut(std::int32_t stream) {
        nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_NO_ERROR);
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
        static_cast<Http2Peer*>(self)->requests[frame->hd.stream_id].headers[text(name, name_size)] =
            text(value, value_size);
        return 0;
    }
    static int on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t stream,
                       const std::uint8_t* data, std::size_t size, void* self) {
        static_cast<Http2Peer*>(self)->requests[stream].body += text(data, size);
        return 0;
    }
    static int on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* self) {
        if (frame->hd.stream_id != 0 && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
            static_cast<Http2Peer*>(self)->requests[frame->hd.stream_id].is_whole = true;
        return 0;
    }
    static ssize_t write_body(nghttp2_session* /*session*/, std::int32_t stream, std::uint8_t* buffer, std::size_t size,
                              std::uint32_t* flags, nghttp2_data_source* /*source*/, void* self) {
        std::string& body = static_cast<Http2Peer*>(self)->bodies_[stream];
        const std::size_t count = body.copy(reinterpret_cast<char*>(buffer), size);
        body.erase(0, count);
        if (body.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(count);
    }

    std::unique_ptr<nghttp2_session, decltype(&nghttp2_session_del)> session_{nullptr, nghttp2_session_del};
    std::map<std::int32_t, std::string> bodies_;
};

}  // namespace load
