/// What a todo is.
///
/// Threads: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "timestamp.hpp"
#include "uuid.hpp"

namespace todo {

/// Two kinds of id, so that one is never taken for the other.
struct OwnerId {
    Uuid value;
    auto operator<=>(const OwnerId&) const = default;
};
struct TodoId {
    Uuid value;
    auto operator<=>(const TodoId&) const = default;
};

inline constexpr std::size_t kTitleCodePoints = 1024;  ///< A line or three; longer text belongs into the notes.
inline constexpr std::size_t kNotesCodePoints = 8192;  ///< Fits into a body of 64 KiB in any script, escaped too.
/// Beyond it a JavaScript number is no exact integer any more.
inline constexpr std::int64_t kOrderLimit = std::int64_t{1} << 53;

/// What a client says of a todo.
struct Content {
    std::string title = {};  ///< 1..kTitleCodePoints code points, not blank.
    bool completed = false;
    std::optional<std::int64_t> order = {};  ///< The client's own; -kOrderLimit..kOrderLimit.
    std::string notes = {};                  ///< Up to kNotesCodePoints code points.

    bool operator==(const Content&) const = default;
};

/// A todo as it is stored.
struct Todo {
    TodoId id;
    Content content;
    Timestamp created_at;
    Timestamp updated_at;
    std::int64_t version = 1;  ///< 1, 2, ... one more for each change.

    bool operator==(const Todo&) const = default;
};

/// A change of some fields: none means "as it was".
struct Changes {
    std::optional<std::string> title = {};
    std::optional<bool> completed = {};
    std::optional<std::optional<std::int64_t>> order = {};  ///< The inner none takes the order away.
    std::optional<std::string> notes = {};

    bool operator==(const Changes&) const = default;
};

/// Fields that only the service writes. A PUT or PATCH may send them back as they were.
struct ReadOnlyFields {
    std::optional<Timestamp> created_at = {};
    std::optional<Timestamp> updated_at = {};
    std::optional<std::int64_t> version = {};

    bool operator==(const ReadOnlyFields&) const = default;
};

}  // namespace todo
