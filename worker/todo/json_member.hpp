/// What a JSON body says, as far as a todo needs it: the members of one object.
///
/// Threads: values.
#pragma once

#include <cstddef>
#include <string>
#include <variant>

namespace todo {

/// As it was written, so that no digit is lost: "9007199254740993".
struct JsonNumber {
    std::string text;
};

/// An object or array; no field of a todo is one.
struct JsonContainer {};

using JsonValue = std::variant<std::nullptr_t, bool, JsonNumber, std::string, JsonContainer>;

struct JsonMember {
    std::string name;
    JsonValue value;
};

}  // namespace todo
