/// The rules for each field of a todo: from the members of a JSON object to a change, or to the list of all
/// that is wrong with them.
///
/// Threads: functions without state.
/// Errors:  fcgi_worker::Problem, 422.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "json_member.hpp"
#include "wire.hpp"

namespace todo {

/// The todo that a PUT or PATCH is for.
struct Addressee {
    TodoId id;
    std::string_view url;
};

/// What a body stands for.
enum class BodyKind {
    kWhole,  ///< All of a todo: a title is required, null is allowed for an order only.
    kPatch,  ///< Some fields (RFC 7396): null takes away an order and empties the notes.
};

/// Without an addressee (a POST) the read-only fields are refused; else id and url must be the addressee's.
[[nodiscard]] Patch read_fields(std::vector<JsonMember> members, BodyKind kind,
                                const std::optional<Addressee>& addressee);

}  // namespace todo
