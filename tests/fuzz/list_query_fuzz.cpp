/// The query of a list, and the cursor in it. An input is a line with a cursor, then a query.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fcgi_worker/problem.hpp>

#include "cursor.hpp"
#include "fuzz.hpp"
#include "query.hpp"

namespace fuzz {
namespace {

using fcgi_worker::Fields;
using todo::ListQuery;
using todo::Position;
using todo::Sort;

constexpr std::array kSorts{Sort::kById, Sort::kByOrder};
constexpr std::array<std::string_view, 4> kKnown{"limit", "cursor", "completed", "sort"};

/// Whether it accepts the query; what it throws must be the one problem that is documented.
template <typename Function>
bool accepts(Function function, std::string_view query) {
    try {
        (void)function(query);
        return true;
    } catch (const fcgi_worker::Problem& problem) {
        expect(problem.status() == 400 && problem.code() == "invalid-query", "a query is refused as one");
        return false;
    }
}

/// A list that is sorted by id has no place for an order.
Position as_kept(Sort sort, Position place) {
    if (sort == Sort::kById) place.order.reset();
    return place;
}

// ---- Cursors

void expect_cursor(std::string_view text) {
    const auto by_id = todo::decode_cursor(Sort::kById, text);
    const auto by_order = todo::decode_cursor(Sort::kByOrder, text);
    expect(!by_id || !by_order, "a cursor belongs to one sort");
    if (by_id) expect(!by_id->order, "a place by id has no order");
    if (by_id) expect(todo::encode_cursor(Sort::kById, *by_id) == text, "one place has one cursor");
    if (by_order) expect(todo::encode_cursor(Sort::kByOrder, *by_order) == text, "one place has one cursor");
}

/// A place made of the first bytes: an id, and an order where there are enough of them.
Position place_of(std::string_view bytes) {
    std::array<std::uint8_t, 16> id{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), id.size()), id.begin());
    Position place{todo::TodoId{todo::Uuid{id}}, {}};
    if (bytes.size() < id.size() + 8) return place;
    std::uint64_t order = 0;
    for (const char byte : bytes.substr(id.size(), 8)) order = order << 8U | static_cast<std::uint8_t>(byte);
    place.order = static_cast<std::int64_t>(order);
    return place;
}

void expect_place(const Position& place) {
    for (const Sort sort : kSorts) {
        const Position kept = as_kept(sort, place);
        const bool exists = !kept.order || (*kept.order >= -todo::kOrderLimit && *kept.order <= todo::kOrderLimit);
        const std::string cursor = todo::encode_cursor(sort, place);
        expect(todo::decode_cursor(sort, cursor) == (exists ? std::optional{kept} : std::nullopt),
               "a place comes back from its cursor, if a todo can be there");
        expect(fcgi_worker::percent_encode(cursor) == cursor, "a cursor needs no escape in a URL");
    }
}

// ---- Queries

bool is_limit(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return false;
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
    return !text.empty() && (text.size() < 3 || (text.size() == 3 && text <= "200"));
}

/// What docs/api.md says of a value; the sort that a cursor must fit to is the query's own.
bool is_value(std::string_view name, std::string_view value, Sort sort) {
    if (name == "limit") return is_limit(value);
    if (name == "completed") return value == "true" || value == "false";
    if (name == "sort") return value == "id" || value == "order";
    return todo::decode_cursor(sort, value).has_value();
}

/// The query that is expected of fields; none where they must be refused. Found in another way than the parser's.
std::optional<ListQuery> expected_query(const Fields& fields) {
    std::array<std::optional<std::string>, kKnown.size()> values;
    for (const auto& [name, value] : fields) {
        const auto known = std::find(kKnown.begin(), kKnown.end(), name);
        if (known == kKnown.end()) return std::nullopt;
        auto& slot = values.at(static_cast<std::size_t>(known - kKnown.begin()));
        if (slot) return std::nullopt;
        slot = value;
    }
    const auto& [limit, cursor, completed, sort] = values;
    ListQuery query;
    if (sort == "order") query.sort = Sort::kByOrder;
    for (std::size_t i = 0; i < kKnown.size(); ++i) {
        if (values.at(i) && !is_value(kKnown.at(i), *values.at(i), query.sort)) return std::nullopt;
    }
    if (limit) query.limit = std::stoul(*limit);
    if (completed) query.completed = completed == "true";
    if (cursor) query.after = todo::decode_cursor(query.sort, *cursor);
    return query;
}

bool same(const ListQuery& left, const ListQuery& right) {
    return left.sort == right.sort && left.completed == right.completed && left.after == right.after &&
           left.limit == right.limit;
}

/// The next page is of the same list, behind that place; with another sort its cursor is refused.
void expect_next_page(std::string_view query, const ListQuery& list, const Position& place) {
    const std::string next = todo::next_page_query(query, todo::encode_cursor(list.sort, place));
    ListQuery expected = list;
    expected.after = as_kept(list.sort, place);
    expect(same(todo::parse_list_query(next), expected), "the next page is of the same list, behind that place");

    const Sort other = list.sort == Sort::kById ? Sort::kByOrder : Sort::kById;
    const std::string foreign = todo::next_page_query(query, todo::encode_cursor(other, place));
    expect(!accepts(todo::parse_list_query, foreign), "a cursor of another sort is refused");
}

}  // namespace

void run(std::string_view input) {
    const std::string_view cursor = take_line(input);
    expect_cursor(cursor);
    Position place = place_of(cursor);
    expect_place(place);

    const auto fields = fcgi_worker::parse_query(input);
    const auto expected = fields ? expected_query(*fields) : std::nullopt;
    expect(accepts(todo::parse_list_query, input) == expected.has_value(), "what is documented is accepted, no more");
    if (expected) {
        const ListQuery list = todo::parse_list_query(input);
        expect(same(list, *expected), "a query says what its values say");
        if (place.order) place.order = *place.order % (todo::kOrderLimit + 1);  // one that a todo may have
        expect_next_page(input, list, place);
    }

    if (accepts(todo::parse_completed_query, input)) {
        expect(expected && expected->completed == todo::parse_completed_query(input), "DELETE reads completed as GET");
        expect(same(*expected, ListQuery{.completed = expected->completed}), "DELETE takes completed alone");
    }
    const bool is_empty = fields && fields->begin() == fields->end();
    expect(accepts([](std::string_view query) { return todo::refuse_query(query), 0; }, input) == is_empty,
           "where no query is known, any is refused");
}

}  // namespace fuzz
