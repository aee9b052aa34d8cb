/// The part of HTTP/1.1 that a client of ours has to understand: where an answer ends, and how it went.
///
/// Threads: pure.
/// Errors:  in the return type.
#pragma once

#include <cstddef>
#include <string_view>

namespace load {

struct Answer {
    enum class State { kIncomplete, kComplete, kMalformed };

    State state = State::kIncomplete;
    unsigned status = 0;
    std::string_view body;  ///< In what was read, in its chunks where it is chunked.
    bool closes = false;    ///< The server closes the connection after it.
};

/// Reads what has come so far of one answer, from its first byte. More than one answer is malformed: nobody asked for
/// it.
[[nodiscard]] Answer read_answer(std::string_view bytes);

/// What an answer may have together: a list of 200 todos with all their notes has 8 MB, and nobody here has that many.
inline constexpr std::size_t kLongestAnswer = 1U << 20U;

}  // namespace load
