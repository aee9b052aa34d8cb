#include "pq/batch.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace fcgi_worker::pq {
namespace {

/// In quotes always, so that neither NULL nor a comma nor a brace in it means anything.
void append_element(std::string& array, const Parameter& value) {
    if (!value) {
        array += "NULL";
        return;
    }
    array += '"';
    std::string_view rest = *value;
    for (;;) {
        const std::size_t plain = std::min(rest.find_first_of("\"\\"), rest.size());
        array += rest.substr(0, plain);
        if (plain == rest.size()) break;
        array += '\\';
        array += rest[plain];
        rest.remove_prefix(plain + 1);
    }
    array += '"';
}

/// From 0.
std::size_t member_of(const Rows& rows, std::size_t row, std::size_t members) {
    const std::string_view text = rows.at(row, 0).value_or("NULL");
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 1 || number > members) {
        throw std::logic_error{"a row of a batch of " + std::to_string(members) + " begins with " + std::string{text}};
    }
    return number - 1;
}

}  // namespace

std::size_t parameter_count(const Statement& statement) {
    std::size_t most = 0;
    const std::string_view sql = statement.sql;
    for (std::size_t at = sql.find('$'); at != std::string_view::npos; at = sql.find('$', at + 1)) {
        std::size_t number = 0;
        std::from_chars(sql.data() + at + 1, sql.data() + sql.size(), number);
        most = std::max(most, number);
    }
    return most;
}

Parameters to_arrays(const std::vector<const Parameters*>& members) {
    Parameters arrays;
    const std::size_t count = members.front()->size();
    arrays.reserve(count);
    for (std::size_t parameter = 0; parameter < count; ++parameter) {
        std::size_t bytes = 2;
        for (const Parameters* member : members) bytes += 8 + ((*member)[parameter] ? (*member)[parameter]->size() : 0);
        std::string array;
        array.reserve(bytes);
        for (const Parameters* member : members) {
            array += array.empty() ? '{' : ',';
            append_element(array, (*member)[parameter]);
        }
        array += '}';
        arrays.emplace_back(std::move(array));
    }
    return arrays;
}

std::vector<Share> to_shares(const Rows& rows, const std::vector<const Parameters*>& members) {
    constexpr std::size_t kColumns = 2;  // the number and the first parameter
    std::vector<std::vector<std::size_t>> chosen(members.size());
    std::vector<std::size_t> misdirected(members.size());
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const std::size_t member = member_of(rows, row, members.size());
        chosen[member].push_back(row);
        if (rows.at(row, 1) != members[member]->front()) ++misdirected[member];
    }

    std::vector<Share> shares;
    shares.reserve(members.size());
    for (std::size_t member = 0; member < members.size(); ++member) {
        shares.push_back({rows.part(std::move(chosen[member]), kColumns), misdirected[member]});
    }
    return shares;
}

}  // namespace fcgi_worker::pq
