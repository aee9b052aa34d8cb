/// Many executions of one statement as one, and back: arrays in, numbered rows out.
///
/// Threads: functions without state.
/// Errors:  each function names what it throws.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <fcgi_worker/pq/statement.hpp>

namespace fcgi_worker::pq {

/// How many parameters the statement has: the highest N of its $N.
[[nodiscard]] std::size_t parameter_count(const Statement& statement);

/// Each parameter of the statement as an array in PostgreSQL's text format, an element for each member. All have as
/// many parameters.
[[nodiscard]] Parameters to_arrays(const std::vector<const Parameters*>& members);

/// What belongs to one member.
struct Share {
    Rows rows;
    std::size_t misdirected = 0;  ///< Of these rows: their second column is not what the member gave first.
};

/// Hands out rows that begin with a number from 1 and a first parameter.
/// Throws std::logic_error for a number that is no member's.
[[nodiscard]] std::vector<Share> to_shares(const Rows& rows, const std::vector<const Parameters*>& members);

}  // namespace fcgi_worker::pq
