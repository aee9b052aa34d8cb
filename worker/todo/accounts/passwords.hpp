/// Passwords: which ones are taken, and hashing them without getting in the way of everything else.
///
/// A hash takes 64 MiB and a tenth of a second. One thread of the lowest priority hashes for the whole process, and
/// four requests may wait for it: sign-ins cannot starve lists of todos.
///
/// Threads: every member may be called from any thread.
/// Errors:  fcgi_worker::Unavailable where too many wait already, the time is over before it begins, or there is no
/// memory.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <fcgi_worker/deadline.hpp>
#include <fcgi_worker/log.hpp>
#include <fcgi_worker/offload.hpp>

namespace todo {

inline constexpr std::size_t kShortestPassword = 8;   ///< Characters: NIST SP 800-63B, 5.1.1.2.
inline constexpr std::size_t kLongestPassword = 256;  ///< Characters; more guards nothing and costs time.

/// What is wrong with it, as a sentence for its owner; empty where nothing is. Any character may be in it; the most
/// common passwords are refused.
[[nodiscard]] std::string complaint_about_password(std::string_view password);

class Passwords {
public:
    explicit Passwords(fcgi_worker::Log log);

    [[nodiscard]] std::string hash(const std::string& password, fcgi_worker::Budget budget);

    /// Whether it is the one that was hashed. Without a hash it takes as long, and is none.
    [[nodiscard]] bool matches(const std::optional<std::string>& hash, const std::string& password,
                               fcgi_worker::Budget budget);

    [[nodiscard]] fcgi_worker::OffloadCounts counts() const { return threads_.counts(); }

private:
    fcgi_worker::Offload threads_;
};

}  // namespace todo
