#include <fcgi_worker/pq/pool.hpp>

#include <optional>
#include <utility>

#include "log_safely.hpp"
#include "parker.hpp"
#include "pq/connection.hpp"
#include "pq/keeper.hpp"
#include "pq/options.hpp"
#include "pq/standbys.hpp"
#include "pq/stopwatch.hpp"

namespace fcgi_worker::pq {

// ---- A lease.
Lease::Lease(Pool& pool, std::unique_ptr<Connection> connection, Budget budget) noexcept
    : pool_{&pool}, connection_{std::move(connection)}, budget_{budget} {}

Lease::Lease(Lease&& other) noexcept = default;

Lease::~Lease() {
    if (!connection_) {
        return;
    }
    if (is_standbys_) {
        pool_->standbys_->give_back(std::move(connection_));
    } else {
        pool_->keeper_->give_back(std::move(connection_));
    }
}

Rows Lease::execute(const Statement& statement, const Parameters& parameters, Budget budget) {
    if (is_standbys_) {
        if (auto rows = pool_->standbys_->execute(*connection_, statement, parameters, budget)) {
            return *std::move(rows);
        }
        move_to_primary(budget);
    }
    const Stopwatch stopwatch{budget.spent, &TimeSpent::in_database};
    const Blocked blocked;
    return connection_->execute(statement, parameters, pool_->keeper_->latest_end(budget.deadline));
}

void Lease::move_to_primary(Budget budget) {
    std::unique_ptr<Connection> connection = pool_->keeper_->take(budget);
    pool_->standbys_->give_back(std::exchange(connection_, std::move(connection)));
    is_standbys_ = false;
}

// ---- The pool.
Pool::Pool(PoolOptions options, Log log) {
    options = checked(std::move(options));
    log = or_nothing(std::move(log));
    const bool has_standbys = options.standbys.connections > 0;
    if (has_standbys) options.statements.push_back(Standbys::kWritten);
    keeper_ = std::make_unique<Keeper>(options, servers_of(options), log);
    if (has_standbys) standbys_ = std::make_unique<Standbys>(*this, options, std::move(log));
}

Pool::~Pool() = default;

Lease Pool::acquire(Budget budget) { return Lease{*this, keeper_->take(budget), budget}; }

Lease Pool::acquire(Budget budget, const Statement& statement) {
    if (statement.may_be_stale && standbys_) {
        if (std::unique_ptr<Connection> connection = standbys_->take()) {
            Lease lease{*this, std::move(connection), budget};
            lease.is_standbys_ = true;
            return lease;
        }
    }
    return acquire(budget);
}

bool Pool::wait_until_full(Deadline deadline) { return keeper_->wait_until_full(deadline); }

PoolCounts Pool::counts() const {
    PoolCounts counts = keeper_->counts();
    if (standbys_) standbys_->add_to(counts);
    return counts;
}

}  // namespace fcgi_worker::pq
