/// All that is wrong with a body, for one answer.
///
/// Threads: values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fcgi_worker/problem.hpp>

namespace todo {

/// 422 invalid-fields; `errors` is what is wrong, not empty.
[[nodiscard]] fcgi_worker::Problem invalid_fields(std::vector<fcgi_worker::FieldError> errors);

class Faults {
public:
    /// Of a member of the outermost object, by its name.
    void add(std::string_view name, std::string detail);

    /// Throws invalid_fields().
    void throw_if_any() const;

private:
    std::vector<fcgi_worker::FieldError> errors_;
};

}  // namespace todo
