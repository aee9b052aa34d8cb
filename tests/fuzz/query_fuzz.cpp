/// The query string, and the percent-encoding below it. An input is a query.
#include <algorithm>
#include <string>

#include <fcgi_worker/http.hpp>

#include "fuzz.hpp"

namespace fuzz {
namespace {

using fcgi_worker::Fields;
using fcgi_worker::parse_query;
using fcgi_worker::percent_decode;
using fcgi_worker::percent_encode;

std::string to_query(const Fields& fields) {
    std::string query;
    for (const auto& [name, value] : fields) {
        query.append(percent_encode(name)).append("=").append(percent_encode(value)).append("&");
    }
    return query;
}

/// Parts between ampersands with something in them.
std::ptrdiff_t count_pairs(std::string_view query) {
    std::ptrdiff_t pairs = 0;
    for (std::size_t i = 0; i < query.size(); ++i) {
        if (query[i] != '&' && (i == 0 || query[i - 1] == '&')) ++pairs;
    }
    return pairs;
}

}  // namespace

void run(std::string_view input) {
    const std::string encoded = percent_encode(input);
    expect(encoded.find_first_of("&=+?#/ \n") == std::string::npos, "what has a meaning in a URL is encoded");
    expect(percent_decode(encoded) == std::string{input}, "decoding takes back what encoding did");

    const auto fields = parse_query(input);
    // No escape can reach over a separator, for that is no hexadecimal digit.
    expect(fields.has_value() == percent_decode(input).has_value(), "a query is read when its escapes are whole");
    if (!fields) return;

    expect(std::distance(fields->begin(), fields->end()) == count_pairs(input), "each pair becomes a field");
    const auto again = parse_query(to_query(*fields));
    // A pair of two empty sides is "=", so that no field is lost on the way.
    expect(again && std::equal(fields->begin(), fields->end(), again->begin(), again->end()),
           "fields come back from the query that is made of them");
}

}  // namespace fuzz
