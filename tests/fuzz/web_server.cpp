#include "web_server.hpp"

#include <algorithm>
#include <cstddef>

#include "fuzz.hpp"

namespace fuzz {
namespace {

constexpr std::size_t kLongestContent = 65535;
constexpr std::size_t kHeaderBytes = 8;

std::size_t byte_at(std::string_view bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }

/// The next number of a text of bytes; `otherwise` where there is none left.
std::size_t take_number(std::string_view& numbers, std::size_t otherwise) {
    if (numbers.empty()) return otherwise;
    const std::size_t number = byte_at(numbers, 0);
    numbers.remove_prefix(1);
    return number;
}

std::string record(RecordType type, std::string_view content, std::size_t padding) {
    std::string bytes{1,
                      static_cast<char>(type),
                      0,
                      1,
                      static_cast<char>(content.size() / 256),
                      static_cast<char>(content.size() % 256),
                      static_cast<char>(padding),
                      0};
    return bytes.append(content).append(padding, 'p');
}

/// Records with something in them, and the empty one that ends a stream.
std::string stream(RecordType type, std::string_view content, Framing& framing) {
    std::string bytes;
    while (!content.empty()) {
        const std::size_t length = take_number(framing.lengths, kLongestContent - 1) + 1;
        bytes += record(type, content.substr(0, length), take_number(framing.paddings, 0));
        content.remove_prefix(std::min(content.size(), length));
    }
    return bytes + record(type, {}, 0);
}

std::string encoded_length(std::size_t size) {
    if (size < 128) return std::string{static_cast<char>(size)};
    return {static_cast<char>(size >> 24U | 0x80U), static_cast<char>(size >> 16U), static_cast<char>(size >> 8U),
            static_cast<char>(size)};
}

}  // namespace

std::string framed_request(const fcgi_worker::Fields& parameters, std::string_view body, Framing framing) {
    std::string encoded;
    for (const auto& [name, value] : parameters) {
        encoded.append(encoded_length(name.size())).append(encoded_length(value.size())).append(name).append(value);
    }
    const std::string responder{0, 1, 0, 0, 0, 0, 0, 0};
    std::string bytes = record(RecordType::kBegin, responder, 0);
    bytes += stream(RecordType::kParameters, encoded, framing);
    return bytes + stream(RecordType::kInput, body, framing);
}

Answer parse_answer(std::string_view bytes) {
    Answer answer;
    bool has_output_end = false;
    while (bytes.size() >= kHeaderBytes && !answer.is_complete) {
        const auto type = static_cast<RecordType>(byte_at(bytes, 1));
        const std::size_t length = byte_at(bytes, 4) * 256 + byte_at(bytes, 5);
        const std::size_t whole = kHeaderBytes + length + byte_at(bytes, 6);
        expect(bytes[0] == 1 && byte_at(bytes, 2) == 0 && byte_at(bytes, 3) == 1, "a record is of this request");
        expect(whole <= bytes.size(), "a record is whole");
        const std::string_view content = bytes.substr(kHeaderBytes, length);
        if (type == RecordType::kOutput) {
            expect(!has_output_end, "no output stands behind its end");
            answer.text += content;
            has_output_end = content.empty();
        } else {
            expect(type == RecordType::kEnd && content == std::string(8, '\0'), "the request ends well");
            answer.is_complete = has_output_end;
        }
        bytes.remove_prefix(whole);
    }
    answer.is_complete = answer.is_complete && bytes.empty();
    return answer;
}

}  // namespace fuzz
