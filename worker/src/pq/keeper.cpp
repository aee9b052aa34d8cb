#include "pq/keeper.hpp"

#include <algorithm>
#include <utility>

#include "parker.hpp"
#include "pq/stopwatch.hpp"
#include "signals_blocked.hpp"

namespace fcgi_worker::pq {
namespace {

using std::chrono::milliseconds;

/// A database that refuses so often in a row is away (with the pauses between them, a third of a second); one that
/// answers too late, once, may be busy.
constexpr std::size_t kAttemptsToBelieve = 4;

/// How much longer than statement_timeout a statement has: the server ends it, and then has to say so.
constexpr milliseconds kTimeToSaySo{500};

}  // namespace

/// One request in take(); it lies on that request's stack.
struct Keeper::Waiter {
    std::unique_ptr<Connection> connection;  ///< In the end: this one, or none where the database is away.
    Parker ready;
};

Keeper::Reason Keeper::reason_to_close(const Connection& connection) noexcept {
    if (connection.late()) {
        return &PoolCounts::closed_late;
    }
    if (connection.broken()) {
        return &PoolCounts::closed_broken;
    }
    if (connection.suspect()) {
        return &PoolCounts::closed_suspect;
    }
    return Clock::now() >= connection.expires() ? &PoolCounts::closed_expired : nullptr;
}

Keeper::Keeper(PoolOptions options, Servers servers, Log log)
    : options_{std::move(options)}, log_{std::move(log)}, servers_{std::move(servers)}, pause_{options_.retry_pause} {
    idle_.reserve(options_.connections);
    const SignalsBlocked blocked;
    thread_ = std::thread{[this] { run(); }};
}

Keeper::~Keeper() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
        work_.notify_one();
    }
    thread_.join();
}

std::unique_ptr<Connection> Keeper::take(Budget budget) {
    const Stopwatch stopwatch{budget.spent, &TimeSpent::waiting_for_connection};
    const Deadline deadline = std::min(budget.deadline, deadline_after(options_.acquire_timeout));
    std::unique_lock lock{mutex_};
    if (std::unique_ptr<Connection> connection = take_idle(lock)) {
        return connection;
    }
    if (is_away()) {
        turn_away_offline();
    }
    if (waiters_.size() >= options_.waiters) {
        turn_away(&PoolCounts::turned_away_crowded, "too many requests wait for a connection already");
    }
    return wait_for_one(lock, deadline);
}

std::unique_ptr<Connection> Keeper::take_idle() {
    std::unique_lock lock{mutex_};
    return take_idle(lock);
}

/// Holds the lock afterwards where there is none.
std::unique_ptr<Connection> Keeper::take_idle(std::unique_lock<std::mutex>& lock) {
    while (!idle_.empty()) {
        std::unique_ptr<Connection> connection = std::move(idle_.back());
        idle_.pop_back();
        ++counts_.busy;
        lock.unlock();
        if (!connection->suspect()) {
            return connection;
        }
        close(std::move(connection), &PoolCounts::closed_suspect);
        lock.lock();
    }
    return nullptr;
}

std::unique_ptr<Connection> Keeper::wait_for_one(std::unique_lock<std::mutex>& lock, Deadline deadline) {
    Waiter self;
    const Clock::time_point begin = Clock::now();
    waiters_.push_back(&self);
    lock.unlock();
    const bool is_over = park_in_queue(self.ready, deadline, [&] {
        const std::lock_guard leaving{mutex_};
        return waiters_.remove(&self) > 0;
    });
    lock.lock();
    ++counts_.waits;
    counts_.waited += Clock::now() - begin;
    if (!is_over) {
        turn_away(&PoolCounts::turned_away_late, "no connection became free in time");
    }
    if (self.connection == nullptr) {
        turn_away_offline();
    }
    return std::move(self.connection);
}

Deadline Keeper::latest_end(Deadline deadline) const {
    return std::min(deadline, deadline_after(options_.statement_timeout + kTimeToSaySo));
}

void Keeper::give_back(std::unique_ptr<Connection> connection) noexcept {
    Reason reason = reason_to_close(*connection);
    if (reason == nullptr && connection->use() == options_.uses) {
        reason = &PoolCounts::closed_expired;
    }
    if (reason != nullptr) {
        close(std::move(connection), reason);
        return;
    }
    const std::lock_guard lock{mutex_};
    --counts_.busy;
    hand_over(std::move(connection));
}

bool Keeper::wait_until_full(Deadline deadline) {
    std::unique_lock lock{mutex_};
    settled_.wait_until(lock, deadline,
                        [&] { return !lacks_some() || (is_away() && counts_.failed_attempts >= kAttemptsToBelieve); });
    return !lacks_some();
}

PoolCounts Keeper::counts() const {
    const std::lock_guard lock{mutex_};
    PoolCounts counts = counts_;
    counts.idle = idle_.size();
    counts.waiting = waiters_.size();
    return counts;
}

void Keeper::hand_over(std::unique_ptr<Connection> connection) noexcept {
    if (waiters_.empty()) {
        idle_.push_back(std::move(connection));
        return;
    }
    Waiter& first = *waiters_.front();
    waiters_.pop_front();
    ++counts_.busy;
    first.connection = std::move(connection);
    first.ready.unpark();
}

void Keeper::refuse_all() noexcept {
    for (Waiter* waiter : waiters_) waiter->ready.unpark();
    waiters_.clear();
}

void Keeper::turn_away(std::size_t PoolCounts::*counter, const std::string& cause) {
    ++(counts_.*counter);
    throw PoolExhausted{cause};
}

void Keeper::close(std::unique_ptr<Connection> connection, Reason reason) noexcept {
    connection.reset();
    const std::lock_guard lock{mutex_};
    --counts_.busy;
    ++(counts_.*reason);
    work_.notify_one();  // What ended this one may have ended idle ones too.
}

void Keeper::run() {
    Deadline next_attempt = Clock::now();
    std::unique_lock lock{mutex_};
    while (!stopping_) {  // Each way through here waits at once, or looks again after it let go of the lock.
        if (std::vector<std::unique_ptr<Connection>> stale = take_stale(); !stale.empty()) {
            const std::size_t number = stale.size();
            lock.unlock();
            stale.clear();
            lock.lock();
            counts_.busy -= number;
        } else if (!lacks_some()) {
            work_.wait_for(lock, kLookAfterIdle);
        } else if (Clock::now() < next_attempt) {
            work_.wait_until(lock, std::min(next_attempt, deadline_after(kLookAfterIdle)));
        } else {
            lock.unlock();
            std::string failure;
            std::unique_ptr<Connection> connection = open(failure);
            next_attempt = deadline_after(settle(std::move(connection), failure));
            lock.lock();
        }
    }
}

/// Polls with the lock held: 100 connections take some 30 us, twice a second.
std::vector<std::unique_ptr<Connection>> Keeper::take_stale() {
    std::vector<std::unique_ptr<Connection>> stale;
    for (std::unique_ptr<Connection>& connection : idle_) {
        if (const Reason reason = reason_to_close(*connection)) {
            ++(counts_.*reason);
            stale.push_back(std::move(connection));
        }
    }
    idle_.erase(std::remove(idle_.begin(), idle_.end(), nullptr), idle_.end());
    counts_.busy += stale.size();
    return stale;
}

std::unique_ptr<Connection> Keeper::open(std::string& failure) {
    try {
        const milliseconds age = between(options_.lifetime * 9 / 10, options_.lifetime * 11 / 10);
        auto connection =
            std::make_unique<Connection>(servers_, options_.statements, deadline_after(age), late_statements_);
        servers_.prefer(connection->host(), connection->port());
        return connection;
    } catch (const std::exception& error) {
        failure = error.what();
        return nullptr;
    }
}

/// What follows from an attempt to connect. Returns the pause before the next one.
milliseconds Keeper::settle(std::unique_ptr<Connection> connection, const std::string& failure) {
    const bool opened = connection != nullptr;
    bool was_away = false;
    {
        const std::lock_guard lock{mutex_};
        was_away = std::exchange(away_, !opened);
        why_away_ = failure;
        if (opened) {
            ++counts_.opened;
            hand_over(std::move(connection));
        } else {
            ++counts_.failed_attempts;
            if (is_away()) {
                refuse_all();
            }
        }
        settled_.notify_all();
    }
    const bool standby = servers_.are_standbys();
    if (opened) {
        if (was_away) {
            log_({LogLevel::kInfo, standby ? "standby is back" : "database is back", {}});
        }
        log_({LogLevel::kDebug, standby ? "standby connection opened" : "database connection opened", {}});
        pause_ = options_.retry_pause;
        return milliseconds{0};
    }
    if (!was_away) {
        log_({LogLevel::kWarning, standby ? "standby is away" : "database is away", {{"reason", failure}}});
    }
    const milliseconds pause = pause_;
    pause_ = std::min(2 * pause_, options_.longest_retry_pause);
    return between(pause * 3 / 4, pause);
}

milliseconds Keeper::between(milliseconds least, milliseconds most) {
    return milliseconds{std::uniform_int_distribution<milliseconds::rep>{least.count(), most.count()}(chance_)};
}

}  // namespace fcgi_worker::pq
