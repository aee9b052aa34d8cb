#include "query.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <initializer_list>
#include <vector>

#include <fcgi_worker/http.hpp>

#include "cursor.hpp"
#include "problems.hpp"

namespace todo {
namespace {

using fcgi_worker::Fields;

/// Names count with their case here: what Fields takes for equal is still unknown.
Fields parse_parameters(std::string_view query, std::initializer_list<std::string_view> known) {
    std::optional<Fields> parameters = fcgi_worker::parse_query(query);
    if (!parameters) throw problems::invalid_query("The query's percent-encoding is broken.");

    std::vector<std::string_view> seen;
    for (const auto& [name, value] : *parameters) {
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            throw problems::invalid_query("The query has a parameter that this request does not know.");
        }
        if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
            throw problems::invalid_query("The query has the parameter " + name + " more than once.");
        }
        seen.emplace_back(name);
    }
    return *std::move(parameters);
}

std::optional<bool> find_completed(const Fields& parameters) {
    const auto value = parameters.find("completed");
    if (!value) return std::nullopt;
    if (*value == "true") return true;
    if (*value == "false") return false;
    throw problems::invalid_query("The parameter completed must be true or false.");
}

std::optional<Sort> find_sort(const Fields& parameters) {
    const auto value = parameters.find("sort");
    if (!value) return std::nullopt;
    if (*value == "id") return Sort::kById;
    if (*value == "order") return Sort::kByOrder;
    throw problems::invalid_query("The parameter sort must be id or order.");
}

std::optional<std::size_t> find_limit(const Fields& parameters) {
    const auto value = parameters.find("limit");
    if (!value) return std::nullopt;
    std::size_t limit = 0;
    const char* const end = value->data() + value->size();
    const auto read = std::from_chars(value->data(), end, limit);
    if (read.ec != std::errc{} || read.ptr != end || limit < 1 || limit > kMaximumLimit) {
        throw problems::invalid_query("The parameter limit must be a number from 1 to " +
                                      std::to_string(kMaximumLimit) + ".");
    }
    return limit;
}

}  // namespace

ListQuery parse_list_query(std::string_view query) {
    const Fields parameters = parse_parameters(query, {"limit", "cursor", "completed", "sort"});
    ListQuery list;
    list.sort = find_sort(parameters).value_or(list.sort);
    list.limit = find_limit(parameters).value_or(list.limit);
    list.completed = find_completed(parameters);
    if (const auto cursor = parameters.find("cursor")) {
        list.after = decode_cursor(list.sort, *cursor);
        if (!list.after) {
            throw problems::invalid_query(
                "The parameter cursor must come from a Link header of this list with the same sort.");
        }
    }
    return list;
}

std::string next_page_query(std::string_view query, std::string_view cursor) {
    std::string next;
    for (const auto& [name, value] : fcgi_worker::parse_query(query).value_or(Fields{})) {
        if (name != "cursor") next += name + '=' + fcgi_worker::percent_encode(value) + '&';
    }
    return next.append("cursor=").append(cursor);
}

std::optional<bool> parse_completed_query(std::string_view query) {
    return find_completed(parse_parameters(query, {"completed"}));
}

void refuse_query(std::string_view query) { parse_parameters(query, {}); }

}  // namespace todo
