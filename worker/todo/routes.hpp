/// The HTTP API, version 1: what is answered to which request.
///
/// Threads: the router's; `store` and `options` are shared by all of them and outlive it.
#pragma once

#include <optional>
#include <string>

#include <fcgi_worker/router.hpp>

#include "store.hpp"

namespace todo {

struct ApiOptions {
    /// Scheme, host and port that a todo's url begins with: "https://todo.example". Empty: those of the request.
    std::string public_url;
    /// Every request acts for this owner. None: nobody is signed in, each request is answered 401.
    std::optional<OwnerId> anonymous_owner;
};

void add_routes(fcgi_worker::Router& router, Store& store, const ApiOptions& options);

}  // namespace todo
