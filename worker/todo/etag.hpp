/// Entity tags: version and time of creation, so that an id deleted and created again never repeats one.
///
/// Threads: values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "todo.hpp"

namespace todo {

/// The tag between its quotes: "3-1763942400123", version and milliseconds since 1970.
using EntityTag = std::string;

[[nodiscard]] EntityTag entity_tag(const Todo& todo);

/// With its quotes, as the ETag header has it.
[[nodiscard]] std::string quoted(const EntityTag& tag);

/// What If-Match or If-None-Match says.
struct TagCondition {
    bool any = false;                  ///< The header was `*`.
    std::vector<EntityTag> tags = {};  ///< Else these; W/ is dropped: a proxy that compresses weakens our tags.

    [[nodiscard]] bool matches(const EntityTag& tag) const;
};

/// None where the header is no list of entity tags. At most 100 tags, so that a statement stays small.
[[nodiscard]] std::optional<TagCondition> parse_tag_condition(std::string_view header);

}  // namespace todo
