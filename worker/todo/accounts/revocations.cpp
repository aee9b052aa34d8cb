#include "accounts/revocations.hpp"

#include <condition_variable>
#include <exception>
#include <stop_token>
#include <utility>

namespace todo {

using fcgi_worker::Clock;
using fcgi_worker::LogLevel;
using std::chrono::milliseconds;

Revocations::Revocations(AccountStore& store, fcgi_worker::Log log, milliseconds interval)
    : store_(store), log_(std::move(log)), interval_(interval), last_success_(Clock::now().time_since_epoch().count()) {
    poll();
    thread_ = std::jthread{[this](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any wake;
        for (std::unique_lock lock{mutex}; !stop.stop_requested();) {
            wake.wait_for(lock, stop, interval_, [] { return false; });
            if (!stop.stop_requested()) poll();
        }
    }};
}

Revocations::~Revocations() = default;

void Revocations::poll() {
    try {
        const auto found = store_.revocations({fcgi_worker::deadline_after(interval_)});
        Times times;
        for (const Revocation& revocation : found) times.emplace(revocation.owner, revocation.until);
        auto next = std::make_shared<const Times>(std::move(times));
        {
            const std::lock_guard lock{mutex_};
            times_.swap(next);
        }
        last_success_ = Clock::now().time_since_epoch().count();
        if (std::exchange(fails_, false)) log_({LogLevel::kInfo, "the list of revoked owners is up to date again", {}});
    } catch (const std::exception& error) {
        if (std::exchange(fails_, true)) return;
        log_({LogLevel::kWarning,
              "the list of revoked owners cannot be read: the last one holds",
              {{"cause", error.what()}}});
    }
}

std::shared_ptr<const Revocations::Times> Revocations::times() const {
    const std::lock_guard lock{mutex_};
    return times_;
}

bool Revocations::is_revoked(OwnerId owner, std::chrono::system_clock::time_point since) const {
    const auto times = this->times();
    const auto found = times->find(owner);
    if (found == times->end()) return false;
    return std::chrono::floor<milliseconds>(since.time_since_epoch()).count() <= found->second;
}

milliseconds Revocations::age() const {
    return std::chrono::floor<milliseconds>(Clock::now() - Clock::time_point{Clock::duration{last_success_.load()}});
}

std::size_t Revocations::size() const { return times()->size(); }

}  // namespace todo
