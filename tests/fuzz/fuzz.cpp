#include "fuzz.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace fuzz {
namespace {

std::string decoded(std::string_view text) {
    return fcgi_worker::percent_decode(text).value_or(std::string{text});  // else a lone % would stand for nothing
}

}  // namespace

void expect(bool holds, std::string_view what) {
    if (holds) return;
    std::cerr << "expected that " << what << std::endl;
    std::abort();
}

std::string_view take_line(std::string_view& rest) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
}

fcgi_worker::Fields take_fields(std::string_view& rest) {
    fcgi_worker::Fields fields;
    for (std::string_view line = take_line(rest); !line.empty(); line = take_line(rest)) {
        const std::size_t equals = std::min(line.find('='), line.size());
        fields.add(decoded(line.substr(0, equals)), decoded(line.substr(std::min(line.size(), equals + 1))));
    }
    return fields;
}

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input{reinterpret_cast<const char*>(data), size};
    if (input.ends_with('\n')) input.remove_suffix(1);
    fuzz::run(input);
    return 0;
}
