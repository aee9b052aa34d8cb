/// Makes the faults of a plan.
///
/// Threads: functions without state.
/// Errors:  std::runtime_error where a fault could not be made, or not be taken back.
#pragma once

#include <string>

#include "plan.hpp"

namespace api {

/// Makes the fault and takes it back. Of the two workers `survivor` is left alone. What came of it, in words.
std::string make(const PlannedFault& planned, int survivor);

/// What sql prints for PostgreSQL's superuser, a line each row.
std::string ask_postgresql(const std::string& sql);

/// Both workers run and reach PostgreSQL, and nginx has its processes and no others.
bool is_healthy();

}  // namespace api
