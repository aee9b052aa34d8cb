/// Statements, their parameters and their rows, in PostgreSQL's text format.
///
/// Threads: values.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fcgi_worker::pq {

/// A statement that each connection prepares when it opens: afterwards one execution is one round trip.
struct Statement {
    const char* name;  ///< Unique among the statements of a pool.
    const char* sql;   ///< One statement, its parameters as $1, $2, ...

    /// It only reads, and a standby may answer it (StandbyOptions). Not for who looks for what it wrote itself.
    bool may_be_stale = false;
};

/// No value is NULL.
using Parameter = std::optional<std::string>;
using Parameters = std::vector<Parameter>;  ///< $1, $2, ... in this order.

/// What a statement returned; it outlives the connection it came from.
class Rows {
public:
    class Result;
    /// The pool makes them.
    explicit Rows(std::shared_ptr<const Result> result);

    [[nodiscard]] std::size_t size() const noexcept;                   ///< How many rows.
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }  ///< Whether there is none.

    /// None is NULL; the view lives as long as these Rows. Row and column count from 0.
    /// Throws std::out_of_range where there is no such place.
    [[nodiscard]] std::optional<std::string_view> at(std::size_t row, std::size_t column) const;

    /// Some of these rows, in this order, without the columns before `first_column`. Nothing is copied.
    [[nodiscard]] Rows part(std::vector<std::size_t> rows, std::size_t first_column) const;

private:
    std::shared_ptr<const Result> result_;
    std::optional<std::vector<std::size_t>> chosen_;  ///< None: all.
    std::size_t first_column_ = 0;
};

}  // namespace fcgi_worker::pq
