/// What Accounts does and did, for metrics.
///
/// Threads: values.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include <fcgi_worker/offload.hpp>

namespace todo {

struct AccountCounts {
    fcgi_worker::OffloadCounts passwords;
    std::optional<fcgi_worker::OffloadCounts> mails;  ///< None: this service sends none.
    std::size_t revoked_owners = 0;
    std::chrono::milliseconds revocations_age{0};  ///< Since the list was last read.
};

}  // namespace todo
