/// A request from its text to its answer.
///
/// Threads: functions without state.
#pragma once

#include <string>

#include "store.hpp"

namespace peer {

/// What the client cannot have; the number is the status of HTTP.
struct Refusal {
    int status;
};

struct Request {
    std::string method, uri, host, authorization, body;
};

struct Answer {
    int status = 200;
    std::string body, location;
};

/// Throws Refusal, and what Store throws.
Answer answer(const Request& request, Store& store, const std::string& key);
Answer refused(int status);

/// Throws std::runtime_error.
std::string read_file(const std::string& path);

}  // namespace peer
