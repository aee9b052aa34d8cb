/// libfcgi's own loop, written as its examples write it: each thread accepts, serves and finishes, on its own.
///
/// Threads: serve_stock() from one thread, once a process.
/// Errors:  throws std::runtime_error where libfcgi cannot be made ready.
#pragma once

#include <cstddef>

#include <fcgi_worker/http.hpp>

namespace bench {

/// Starts that many threads on the listening socket that is descriptor 0, and returns. They never end: a thread that
/// waits in FCGX_Accept_r() cannot be told to stop.
void serve_stock(const fcgi_worker::Handler& handler, std::size_t threads);

}  // namespace bench
