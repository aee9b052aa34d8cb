#include "http2.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <new>
#include <utility>

#include "answer.hpp"
#include "numbers.hpp"

namespace load {
namespace {

/// What stands before `end`, and takes both from the text.
std::string_view cut(std::string_view& text, std::string_view end) {
    const std::size_t at = std::min(text.find(end), text.size());
    const std::string_view before = text.substr(0, at);
    text.remove_prefix(std::min(at + end.size(), text.size()));
    return before;
}

std::string in_lower_case(std::string_view name) {
    std::string text{name};
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

/// The library copies both before it returns, and changes neither.
nghttp2_nv header(std::string_view name, std::string_view value) {
    const auto bytes = [](std::string_view text) {
        return const_cast<std::uint8_t*>(
            reinterpret_cast<const std::uint8_t*>(text.data()));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

/// What the library calls while it reads, and while it writes a body.
struct Http2Session::Callbacks {
    /// Nullptr: a stream of which nobody waits for anything.
    static Stream* find(void* session, std::int32_t id) {
        auto& streams = static_cast<Http2Session*>(session)->streams_;
        const auto found = streams.find(id);
        return found == streams.end() ? nullptr : &found->second;
    }

    static int on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame, const std::uint8_t* name,
                         std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                         std::uint8_t /*flags*/, void* self) {
        const auto text = [](const std::uint8_t* bytes, std::size_t size) {
            return std::string_view{reinterpret_cast<const char*>(bytes), size};
        };
        Stream* const stream = find(self, frame->hd.stream_id);
        if (stream == nullptr || text(name, name_size) != ":status") return 0;
        return reads(text(value, value_size), stream->answer.status) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
    }

    static int on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t id, const std::uint8_t* data,
                       std::size_t size, void* self) {
        Stream* const stream = find(self, id);
        if (stream == nullptr) return 0;
        std::string& body = stream->answer.body;
        if (body.size() + size > kLongestAnswer) return NGHTTP2_ERR_CALLBACK_FAILURE;
        body.append(reinterpret_cast<const char*>(data), size);
        return 0;
    }

    static int on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* self) {
        if (frame->hd.type == NGHTTP2_GOAWAY) static_cast<Http2Session*>(self)->is_left_ = true;
        const bool is_of_answer = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
        Stream* const stream = is_of_answer ? find(self, frame->hd.stream_id) : nullptr;
        if (stream != nullptr && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) stream->is_whole = true;
        return 0;
    }

    static int on_end(nghttp2_session* /*session*/, std::int32_t id, std::uint32_t error, void* self) {
        auto& session = *static_cast<Http2Session*>(self);
        auto ended = session.streams_.extract(id);
        if (ended.empty()) return 0;
        if (error == NGHTTP2_NO_ERROR && ended.mapped().is_whole) {
            session.answers_.push_back(std::move(ended.mapped().answer));
        } else {
            session.failed_ = true;
        }
        return 0;
    }

    static ssize_t write_body(nghttp2_session* /*session*/, std::int32_t id, std::uint8_t* buffer, std::size_t size,
                              std::uint32_t* flags, nghttp2_data_source* /*source*/, void* self) {
        Stream* const stream = find(self, id);
        if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        const std::size_t count = stream->to_send.copy(reinterpret_cast<char*>(buffer), size);
        stream->to_send.erase(0, count);
        if (stream->to_send.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(count);
    }

    /// The same for all sessions.
    static const nghttp2_session_callbacks* all() {
        static const auto made = [] {
            nghttp2_session_callbacks* callbacks = nullptr;
            if (nghttp2_session_callbacks_new(&callbacks) != 0) throw std::bad_alloc{};
            nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
            nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
            nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
            nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_end);
            return std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)>{
                callbacks, nghttp2_session_callbacks_del};
        }();
        return made.get();
    }
};

Http2Session::Http2Session() {
    nghttp2_session* made = nullptr;
    if (nghttp2_session_client_new(&made, Callbacks::all(), this) != 0) throw std::bad_alloc{};
    session_.reset(made);
    const std::array<nghttp2_settings_entry, 1> settings{{{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}}};
    if (nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) != 0) throw std::bad_alloc{};
}

bool Http2Session::ask(std::string_view request, std::uint8_t mark) {
    if (nghttp2_session_check_request_allowed(session_.get()) == 0) return false;
    std::string_view head = cut(request, "\r\n\r\n");
    const std::string_view body = request;
    std::string_view first_line = cut(head, "\r\n");
    const std::string_view method = cut(first_line, " ");
    const std::string_view path = cut(first_line, " ");

    std::string_view host;
    std::vector<std::pair<std::string, std::string_view>> others;
    while (!head.empty()) {
        std::string_view value = cut(head, "\r\n");
        std::string name = in_lower_case(cut(value, ": "));
        if (name == "host") {
            host = value;
        } else {
            others.emplace_back(std::move(name), value);
        }
    }
    std::vector<nghttp2_nv> headers{header(":method", method), header(":scheme", "https"), header(":authority", host),
                                    header(":path", path)};
    for (const auto& [name, value] : others) headers.push_back(header(name, value));

    const nghttp2_data_provider from_stream{{}, Callbacks::write_body};
    const std::int32_t id = nghttp2_submit_request(session_.get(), nullptr, headers.data(), headers.size(),
                                                   body.empty() ? nullptr : &from_stream, nullptr);
    if (id == NGHTTP2_ERR_NOMEM) throw std::bad_alloc{};
    if (id < 0) return false;
    streams_.emplace(id, Stream{std::string{body}, {mark, 0, {}, false}, false});
    return true;
}

std::string Http2Session::output() {
    std::string bytes;
    const std::uint8_t* piece = nullptr;
    ssize_t count = 0;
    while ((count = nghttp2_session_mem_send(session_.get(), &piece)) > 0) {
        bytes.append(reinterpret_cast<const char*>(piece), static_cast<std::size_t>(count));
    }
    if (count == NGHTTP2_ERR_NOMEM) throw std::bad_alloc{};
    return bytes;
}

bool Http2Session::receive(std::string_view bytes) {
    const ssize_t count =
        nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (count == NGHTTP2_ERR_NOMEM) throw std::bad_alloc{};
    for (Answered& answer : answers_) answer.closes = is_left_;
    // What the library takes for a reason to leave makes it refuse requests, too.
    const bool leaves = !is_left_ && nghttp2_session_check_request_allowed(session_.get()) == 0;
    return count == static_cast<ssize_t>(bytes.size()) && !failed_ && !leaves;
}

std::optional<Http2Session::Answered> Http2Session::next_answer() {
    if (answers_.empty()) return std::nullopt;
    Answered first = std::move(answers_.front());
    answers_.erase(answers_.begin());
    return first;
}

}  // namespace load
