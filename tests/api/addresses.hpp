/// Addresses of this machine that clients ask from. All of 127.0.0.0/8 are, and only 127.0.0.1 has no limits.
///
/// Threads: a function without state that others see.
#pragma once

#include <random>
#include <string>

namespace api {

/// One that nobody asked from in the last minutes, as good as certainly: there are 15 million.
inline std::string fresh_address() {
    static thread_local std::mt19937 generator{std::random_device{}()};
    const auto part = [] { return std::to_string(std::uniform_int_distribution{1, 250}(generator)); };
    return "127." + part() + "." + part() + "." + part();
}

}  // namespace api
