/// The HTTP API, version 1: what is answered to which request.
///
/// Threads: the router's; `store` and `options` are shared by all of them and outlive it.
#pragma once

#include <string>

#include <fcgi_worker/router.hpp>

#include "identity.hpp"
#include "store.hpp"

namespace todo {

struct ApiOptions {
    /// Scheme, host and port that a todo's url begins with: "https://todo.example". Empty: those of the request.
    std::string public_url;
};

/// `identify` says for whom each request acts.
void add_routes(fcgi_worker::Router& router, Store& store, const ApiOptions& options, const Identify& identify);

}  // namespace todo
