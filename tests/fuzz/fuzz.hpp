/// What the fuzz targets share: each is one function, and is over when an expectation does not hold.
///
/// An input is text as far as it goes, so that the corpus can be read and written by hand: lines first, and what
/// follows them may be any bytes.
///
/// Threads: functions of their arguments.
/// Errors:  an expectation that does not hold ends the process; libFuzzer then writes the input to a file.
#pragma once

#include <string_view>

#include <fcgi_worker/http.hpp>

namespace fuzz {

/// The target. `input` comes without the line end that an editor leaves at a file's end.
void run(std::string_view input);

/// `what` completes the sentence "expected that ...".
void expect(bool holds, std::string_view what);

/// Takes the first line from the front of `rest`, and its end.
[[nodiscard]] std::string_view take_line(std::string_view& rest);

/// Takes lines NAME=VALUE up to an empty one. %XX in both stands for a byte, so that there can be any.
[[nodiscard]] fcgi_worker::Fields take_fields(std::string_view& rest);

}  // namespace fuzz
