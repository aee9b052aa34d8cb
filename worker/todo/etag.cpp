#include "etag.hpp"

#include <algorithm>
#include <cstddef>

#include "text.hpp"

namespace todo {
namespace {

constexpr std::size_t kMaximumTags = 100;

/// RFC 9110, section 8.8.3: etagc.
bool is_tag_character(char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte == 0x21 || (byte >= 0x23 && byte != 0x7F);
}

/// Takes one tag from the front of `rest`; none where there is none.
std::optional<EntityTag> take_tag(std::string_view& rest) {
    if (rest.starts_with("W/")) rest.remove_prefix(2);
    if (!rest.starts_with('"')) return std::nullopt;
    rest.remove_prefix(1);
    const std::size_t end = rest.find('"');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view tag = rest.substr(0, end);
    if (!std::all_of(tag.begin(), tag.end(), is_tag_character)) return std::nullopt;
    rest.remove_prefix(end + 1);
    return EntityTag{tag};
}

}  // namespace

EntityTag entity_tag(const Todo& todo) {
    return std::to_string(todo.version) + '-' + std::to_string(todo.created_at.time_since_epoch().count());
}

std::string quoted(const EntityTag& tag) { return '"' + tag + '"'; }

bool TagCondition::matches(const EntityTag& tag) const {
    return any || std::find(tags.begin(), tags.end(), tag) != tags.end();
}

std::optional<TagCondition> parse_tag_condition(std::string_view header) {
    std::string_view rest = trim(header);
    if (rest == "*") return TagCondition{.any = true, .tags = {}};

    TagCondition condition;
    while (!rest.empty()) {
        if (!rest.starts_with(',')) {  // A list may have empty elements: RFC 9110, section 5.6.1.
            std::optional<EntityTag> tag = take_tag(rest);
            if (!tag || condition.tags.size() == kMaximumTags) return std::nullopt;
            condition.tags.push_back(*std::move(tag));
            rest = trim(rest);
            if (!rest.empty() && !rest.starts_with(',')) return std::nullopt;
        }
        if (!rest.empty()) rest = trim(rest.substr(1));
    }
    if (condition.tags.empty()) return std::nullopt;
    return condition;
}

}  // namespace todo
