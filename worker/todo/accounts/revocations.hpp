/// Owners whose access tokens are refused before they end by themselves: blocked, deleted, or with a new
/// password through a mail's link.
///
/// An access token is good without a look into the database. So each process asks for the short list of those that were
/// revoked within a token's life, once a second: a token is refused at most two seconds after its owner was. While the
/// database is away the last list holds, and age() grows.
///
/// Threads: one of its own; every member may be called from any thread.
/// Errors:  none; a poll that fails is logged once for each time that it begins to fail.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include <fcgi_worker/log.hpp>

#include "accounts/account_store.hpp"

namespace todo {

class Revocations {
public:
    static constexpr std::chrono::milliseconds kInterval{1000};

    /// `store` outlives it. The first poll is over when this returns, whether it found something or not.
    Revocations(AccountStore& store, fcgi_worker::Log log, std::chrono::milliseconds interval = kInterval);
    ~Revocations();
    Revocations(const Revocations&) = delete;
    Revocations& operator=(const Revocations&) = delete;

    /// `since`: when the session began, or where there is none, when the token was issued.
    [[nodiscard]] bool is_revoked(OwnerId owner, std::chrono::system_clock::time_point since) const;

    /// Since the last poll that succeeded, or the start.
    [[nodiscard]] std::chrono::milliseconds age() const;
    [[nodiscard]] std::size_t size() const;

private:
    using Times = std::map<OwnerId, std::int64_t>;

    void poll();
    [[nodiscard]] std::shared_ptr<const Times> times() const;

    AccountStore& store_;
    const fcgi_worker::Log log_;
    const std::chrono::milliseconds interval_;
    bool fails_ = false;  ///< The thread's own.
    mutable std::mutex mutex_;
    std::shared_ptr<const Times> times_ = std::make_shared<const Times>();
    std::atomic<fcgi_worker::Clock::rep> last_success_;
    std::jthread thread_;  ///< The last one: it uses the others.
};

}  // namespace todo
