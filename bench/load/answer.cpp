#include "answer.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "numbers.hpp"

namespace load {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr Answer kMalformed{Answer::State::kMalformed, 0, {}, true};

bool same_word(std::string_view one, std::string_view other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                      [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

/// The value of a header; nothing when it is not there.
std::optional<std::string_view> header(std::string_view head, std::string_view name) {
    for (std::size_t at = head.find(kLineEnd); at != std::string_view::npos; at = head.find(kLineEnd, at)) {
        at += kLineEnd.size();
        const std::string_view line = head.substr(at, head.find(kLineEnd, at) - at);
        if (line.size() <= name.size() || line[name.size()] != ':' || !same_word(line.substr(0, name.size()), name))
            continue;
        std::string_view value = line.substr(name.size() + 1);
        value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
        return value;
    }
    return std::nullopt;
}

/// How long the chunks are, from the first to the end of the last; nothing as long as they are not all there.
std::optional<std::size_t> chunks_length(std::string_view bytes, bool& malformed) {
    std::size_t at = 0;
    for (;;) {
        const std::size_t line_end = bytes.find(kLineEnd, at);
        if (line_end == std::string_view::npos) return std::nullopt;
        std::size_t length = 0;
        if (!reads(bytes.substr(at, line_end - at), length, 16) || length > kLongestAnswer) {
            malformed = true;
            return std::nullopt;
        }
        at = line_end + kLineEnd.size() + length + kLineEnd.size();
        if (at > bytes.size()) return std::nullopt;
        if (length == 0) return at;
    }
}

}  // namespace

Answer read_answer(std::string_view bytes) {
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    constexpr std::string_view kHeadEnd = "\r\n\r\n";
    if (bytes.substr(0, kVersion.size()) != kVersion.substr(0, bytes.size())) return kMalformed;
    const std::size_t head_length = bytes.find(kHeadEnd);
    if (head_length == std::string_view::npos) return bytes.size() > kLongestAnswer ? kMalformed : Answer{};
    const std::string_view head = bytes.substr(0, head_length);
    const std::string_view rest = bytes.substr(head_length + kHeadEnd.size());

    Answer answer;
    if (!reads(head.substr(kVersion.size(), 3), answer.status) || answer.status < 200) return kMalformed;
    answer.closes = same_word(header(head, "Connection").value_or(""), "close");

    std::size_t length = 0;
    if (const auto given = header(head, "Content-Length")) {
        if (!reads(*given, length) || length > kLongestAnswer) return kMalformed;
    } else if (same_word(header(head, "Transfer-Encoding").value_or(""), "chunked")) {
        bool malformed = false;
        const auto chunked = chunks_length(rest, malformed);
        if (malformed || rest.size() > kLongestAnswer) return kMalformed;
        if (!chunked) return Answer{};
        length = *chunked;
    } else if (answer.status != 204 && answer.status != 304) {
        return kMalformed;  // it would end with the connection, which is to be kept
    }
    if (rest.size() < length) return Answer{};
    if (rest.size() > length) return kMalformed;
    answer.body = rest;
    answer.state = Answer::State::kComplete;
    return answer;
}

}  // namespace load
