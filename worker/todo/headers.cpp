#include "headers.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "crypto.hpp"
#include "problems.hpp"
#include "text.hpp"

namespace todo {
namespace {

using fcgi_worker::Request;

constexpr std::size_t kLongestKey = 255;  ///< A UUID needs 36.

/// A header that was sent more than once is one list: RFC 9110, section 5.3.
std::optional<std::string> header(const Request& request, std::string_view name) {
    std::optional<std::string> joined;
    for (const auto& [field, value] : request.headers) {
        if (!equals(field, name)) continue;
        joined = joined ? *joined + ", " + value : value;
    }
    return joined;
}

bool is_utf8_charset(std::string_view parameter) {
    const std::size_t equals_at = std::min(parameter.find('='), parameter.size());
    std::string_view value = parameter.substr(std::min(equals_at + 1, parameter.size()));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return equals(parameter.substr(0, equals_at), "charset") && equals(value, "utf-8");
}

/// Whether the body is of this type, and its only parameter, where it has one, says UTF-8.
bool is_of_type(const Request& request, std::string_view type) {
    const std::string content_type = header(request, "content-type").value_or("");
    std::string_view rest = content_type;
    if (!equals(take_until(rest, ';'), type)) return false;
    while (!rest.empty()) {
        const std::string_view parameter = take_until(rest, ';');
        if (!parameter.empty() && !is_utf8_charset(parameter)) return false;
    }
    return true;
}

void refuse_content_encoding(const Request& request) {
    const auto encoding = header(request, "content-encoding");
    if (!encoding || equals(*encoding, "identity")) return;
    throw problems::unsupported_media_type("Send the body as it is, without a Content-Encoding.")
        .with("Accept-Encoding", "identity");
}

std::optional<TagCondition> condition(const Request& request, std::string_view name, std::string_view shown_name) {
    const auto value = header(request, name);
    if (!value) return std::nullopt;
    std::optional<TagCondition> parsed = parse_tag_condition(*value);
    if (!parsed) {
        throw problems::invalid_header(std::string{shown_name} +
                                       " must be * or up to 100 entity tags in double quotes.");
    }
    return parsed;
}

}  // namespace

void require_json(const Request& request) {
    if (!is_of_type(request, "application/json")) {
        throw problems::unsupported_media_type("Send the body as Content-Type: application/json, in UTF-8.")
            .with(request.method == "POST" ? "Accept-Post" : "Accept", "application/json");
    }
    refuse_content_encoding(request);
}

void require_merge_patch(const Request& request) {
    if (!is_of_type(request, "application/merge-patch+json") && !is_of_type(request, "application/json")) {
        throw problems::unsupported_media_type("Send the body as Content-Type: application/merge-patch+json, in UTF-8.")
            .with("Accept-Patch", "application/merge-patch+json, application/json");
    }
    refuse_content_encoding(request);
}

std::optional<TagCondition> if_match(const Request& request) { return condition(request, "if-match", "If-Match"); }

std::optional<TagCondition> if_none_match(const Request& request) {
    return condition(request, "if-none-match", "If-None-Match");
}

Preconditions put_preconditions(const Request& request) {
    const auto none_match = if_none_match(request);
    if (none_match && !none_match->any) {
        throw problems::invalid_header("If-None-Match of a PUT can only be *, to create and never replace.");
    }
    Preconditions result;
    result.if_match = if_match(request);
    result.if_none_match_any = none_match.has_value();
    return result;
}

Preconditions preconditions(const Request& request) {
    if (header(request, "if-none-match")) {
        throw problems::invalid_header("If-None-Match works with GET, HEAD and PUT only: use If-Match.");
    }
    Preconditions result;
    result.if_match = if_match(request);
    return result;
}

void refuse_preconditions(const Request& request) {
    if (header(request, "if-match") || header(request, "if-none-match")) {
        throw problems::invalid_header(
            "The list has no entity tag: If-Match and If-None-Match work with one todo only.");
    }
}

std::optional<WriteKey> write_key(const Request& request) {
    auto key = header(request, "idempotency-key");
    if (!key) return std::nullopt;
    const bool is_visible =
        std::all_of(key->begin(), key->end(), [](char character) { return character > ' ' && character <= '~'; });
    if (key->empty() || key->size() > kLongestKey || !is_visible) {
        throw problems::invalid_header("An Idempotency-Key must be 1 to " + std::to_string(kLongestKey) +
                                       " visible ASCII characters without blanks.");
    }
    return WriteKey{*std::move(key), sha256_hex({request.method, request.path, request.query, request.body})};
}

}  // namespace todo
