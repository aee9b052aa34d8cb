/// What the path of a request says to its handler: the arguments that the routes take behind the request.
///
/// Threads: functions without state.
#pragma once

#include <optional>
#include <string_view>

#include <fcgi_worker/path_parameter.hpp>

#include "todo.hpp"

/// A client may choose any id but the two that stand for "none" and "all" elsewhere (RFC 9562, 5.9 and 5.10).
template <>
struct fcgi_worker::PathParameter<todo::TodoId> {
    [[nodiscard]] static std::optional<todo::TodoId> parse(std::string_view text);
};
