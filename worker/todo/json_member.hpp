/// What a JSON object says, as far as the service needs it: its members.
///
/// Threads: values.
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace todo {

/// As it was written, so that no digit is lost: "9007199254740993".
struct JsonNumber {
    std::string text;
};

/// An object or array; no field of a todo is one, and one claim of a token may be a list of texts.
struct JsonContainer {
    bool is_list_of_texts = false;
    std::vector<std::string> texts = {};  ///< Of such a list.
};

using JsonValue = std::variant<std::nullptr_t, bool, JsonNumber, std::string, JsonContainer>;

struct JsonMember {
    std::string name;
    JsonValue value;
};
using JsonObject = std::vector<JsonMember>;

}  // namespace todo
