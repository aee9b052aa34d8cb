/// The web server's side of FastCGI: a request in records of any shape, and what comes back.
///
/// Lengths of names and values are always true: libfcgi believes them, and a web server sends no others.
///
/// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <fcgi_worker/http.hpp>

namespace fuzz {

enum class RecordType : std::uint8_t { kBegin = 1, kEnd = 3, kParameters = 4, kInput = 5, kOutput = 6 };

/// How a request is cut into records. The text's bytes are numbers; where it ends, the rest of a stream is one record
/// and has no padding.
struct Framing {
    std::string_view lengths;  ///< Bytes of content in each record, less one.
    /// Bytes behind the content of each record. The first record of a request and those that end a stream have none:
    /// libfcgi 2.4.2 does not skip it there, and no web server sends it.
    std::string_view paddings;
};

/// All bytes of a request, from its first record to the end of its body.
[[nodiscard]] std::string framed_request(const fcgi_worker::Fields& parameters, std::string_view body, Framing framing);

/// What was answered.
struct Answer {
    std::string text;          ///< Head and body.
    bool is_complete = false;  ///< Both the output and the request were ended, and nothing stood behind.
};

[[nodiscard]] Answer parse_answer(std::string_view bytes);

}  // namespace fuzz
