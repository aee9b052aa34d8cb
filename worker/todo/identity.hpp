/// For whom a request acts.
///
/// Threads: values; an Identify is called from any thread.
#pragma once

#include <functional>
#include <optional>

#include <fcgi_worker/http.hpp>

#include "todo.hpp"

namespace todo {

struct Identity {
    OwnerId owner;
    std::optional<Uuid> session = {};  ///< None: not signed in here, but by another issuer, or nobody signs in.
    bool by_cookie = false;            ///< A browser keeps the tokens, and is told when they are good no more.
};

/// Throws fcgi_worker::Problem: 401 where nobody is signed in, 403 where a cookie may not sign in what is asked.
using Identify = std::function<Identity(const fcgi_worker::Request&)>;

/// Where nobody signs in.
[[nodiscard]] inline Identify always(OwnerId owner) {
    return [owner](const fcgi_worker::Request&) { return Identity{owner}; };
}

}  // namespace todo
