/// HTTP/2 on one connection, as a browser speaks it: it makes a stream of each request that is written down as one of
/// HTTP/1.1, and an answer of what comes back on it. Its bytes are for somebody else to send and to receive.
///
/// Threads: one.
/// Errors:  std::bad_alloc. What the other side does wrong makes receive() false.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace load {

class Http2Session {
public:
    struct Answered {
        std::uint8_t mark = 0;  ///< The request's.
        unsigned status = 0;
        std::string body;
        bool closes = false;  ///< The server takes no more requests on this connection.
    };

    Http2Session();
    Http2Session(const Http2Session&) = delete;
    Http2Session& operator=(const Http2Session&) = delete;

    /// `request`: all of it. False where the server takes no more on this connection.
    [[nodiscard]] bool ask(std::string_view request, std::uint8_t mark);

    /// What is to be sent now: requests, and what answers the other side's settings and pings.
    [[nodiscard]] std::string output();

    /// False where what comes is no HTTP/2, or an answer came to no good end.
    [[nodiscard]] bool receive(std::string_view bytes);

    /// The server has said that it takes no more requests on this connection. Of those under way it may end some.
    [[nodiscard]] bool is_left() const { return is_left_; }

    /// One that has come whole, the oldest first; each is given once.
    [[nodiscard]] std::optional<Answered> next_answer();

private:
    struct Free {
        void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
    };
    struct Stream {
        std::string to_send;  ///< What is left of the request's body.
        Answered answer;
        bool is_whole = false;  ///< The server has said that nothing follows.
    };
    struct Callbacks;

    std::unique_ptr<nghttp2_session, Free> session_;
    std::map<std::int32_t, Stream> streams_;  ///< Under way, by their number.
    std::vector<Answered> answers_;           ///< Whole, and not given yet.
    bool failed_ = false;
    bool is_left_ = false;
};

}  // namespace load
