#include <fcgi_worker/problem.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace fcgi_worker {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// Length of the UTF-8 sequence that `text` begins with; 0 where it begins with none.
std::size_t utf8_length(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4U : first >= 0xE0 ? 3U : 2U;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
    if (!std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(length), is_continuation)) return 0;

    const auto second = static_cast<unsigned char>(text[1]);
    const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool surrogate = first == 0xED && second > 0x9F;
    const bool beyond_unicode = first == 0xF4 && second > 0x8F;
    return overlong || surrogate || beyond_unicode ? 0 : length;
}

/// Appends `text` as a JSON string. What is not UTF-8 becomes U+FFFD: the answer is JSON whatever it quotes.
void append_string(std::string& json, std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
    json += '"';
    while (!text.empty()) {
        const char c = text[0];
        const std::size_t length = utf8_length(text);
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            json += "\\u00";
            json += kHex[static_cast<unsigned char>(c) / 16U];
            json += kHex[static_cast<unsigned char>(c) % 16U];
        } else {
            json += length == 0 ? kReplacement : text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    json += '"';
}

void append_member(std::string& json, std::string_view name, std::string_view value) {
    append_string(json, name);
    json += ':';
    append_string(json, value);
}

void append_errors(std::string& json, const std::vector<FieldError>& errors) {
    json += R"(,"errors":[)";
    std::string_view separator;
    for (const auto& [pointer, detail] : errors) {
        json += separator;
        separator = ",";
        json += '{';
        append_member(json, "pointer", pointer);
        json += ',';
        append_member(json, "detail", detail);
        json += '}';
    }
    json += ']';
}

}  // namespace

Problem::Problem(int status, std::string code, std::string title, std::string detail, std::vector<FieldError> errors)
    : status_(status),
      code_(std::move(code)),
      title_(std::move(title)),
      detail_(std::move(detail)),
      errors_(std::move(errors)) {
    if (status < 400 || status > 599) throw std::logic_error{"a problem has a status of 400..599"};
}

Problem Problem::with(std::string name, std::string value) && {
    headers_.add(std::move(name), std::move(value));
    return std::move(*this);
}

Response Problem::to_response(std::string_view request_id) const {
    Response response{status_, headers_, {}};
    response.headers.set("Content-Type", "application/problem+json");
    if (!response.headers.find("Cache-Control")) response.headers.add("Cache-Control", "no-store");

    std::string& json = response.body;
    json += '{';
    append_member(json, "type", "/problems/" + code_);
    json += ',';
    append_member(json, "title", title_);
    json += R"(,"status":)" + std::to_string(status_) + ',';
    append_member(json, "detail", detail_);
    json += ',';
    append_member(json, "request_id", request_id);
    if (!errors_.empty()) append_errors(json, errors_);
    json += '}';
    return response;
}

Unavailable::Unavailable(std::string cause, std::chrono::seconds retry_after)
    : cause_(std::move(cause)), retry_after_(std::max(retry_after, std::chrono::seconds{1})) {}

Response Unavailable::to_response(std::string_view request_id) const {
    const std::string seconds = std::to_string(retry_after_.count());
    return Problem{503, "unavailable", "Service unavailable",
                   "The service cannot answer right now. Try again in " + seconds + " s."}
        .with("Retry-After", seconds)
        .to_response(request_id);
}

}  // namespace fcgi_worker
