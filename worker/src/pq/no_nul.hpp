/// PostgreSQL's text holds no NUL byte, and libpq would send what is before it.
#pragma once

#include <stdexcept>
#include <string>

#include <fcgi_worker/pq/statement.hpp>

namespace fcgi_worker::pq {

/// Throws std::invalid_argument where a parameter has one.
inline void require_no_nul(const Statement& statement, const Parameters& parameters) {
    for (const Parameter& parameter : parameters) {
        if (parameter && parameter->find('\0') != std::string::npos) {
            throw std::invalid_argument{std::string{"a parameter has a NUL byte, statement "} + statement.name};
        }
    }
}

}  // namespace fcgi_worker::pq
