#include "faults.hpp"

#include <cstddef>
#include <utility>

namespace todo {
namespace {

/// One answer lists no more faults than this: enough for each field, and 64 KiB of unknown ones stay small.
constexpr std::size_t kMaximumFaults = 20;

/// RFC 6901.
std::string pointer_to(std::string_view name) {
    std::string pointer = "/";
    for (const char character : name) {
        if (character == '~') {
            pointer += "~0";
        } else if (character == '/') {
            pointer += "~1";
        } else {
            pointer += character;
        }
    }
    return pointer;
}

}  // namespace

fcgi_worker::Problem invalid_fields(std::vector<fcgi_worker::FieldError> errors) {
    return {422, "invalid-fields", "Invalid fields",
            "The body is not as the service takes it; each fault stands in errors.", std::move(errors)};
}

void Faults::add(std::string_view name, std::string detail) {
    if (errors_.size() < kMaximumFaults) errors_.push_back({pointer_to(name), std::move(detail)});
}

void Faults::throw_if_any() const {
    if (!errors_.empty()) throw invalid_fields(errors_);
}

}  // namespace todo
