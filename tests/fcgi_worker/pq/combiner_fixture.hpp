/// What the tests of the combiner share: statements that tell who was in a batch, and a gate that holds batches up.
#pragma once

#include <fcgi_worker/pq/combiner.hpp>

#include <future>
#include <memory>

#include "database.hpp"

namespace fcgi_worker::pq {

/// Answers with the values of the whole batch and the member's own, as soon as the gate is open.
inline constexpr Statement kMeet{"meet", R"sql(
    SELECT n, owner, (SELECT string_agg(one, ',' ORDER BY place) FROM unnest($2::text[]) WITH ORDINALITY AS them(one, place)),
           value
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS member(owner, value, n),
           (SELECT pg_advisory_xact_lock_shared(20261125)) AS gate
)sql"};
/// No member whose value is 'fails' can be served, nor any that shares a batch with it.
inline constexpr Statement kFail{"fail", R"sql(
    SELECT n, owner, value, 1 / CASE value WHEN 'fails' THEN 0 ELSE 1 END
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS member(owner, value, n),
           (SELECT pg_advisory_xact_lock_shared(20261125)) AS gate
)sql"};
/// As many rows as the value says, in falling order; of a value above 100 they are somebody else's.
inline constexpr Statement kMany{"many", R"sql(
    SELECT n, CASE WHEN value > 100 THEN 'else' ELSE owner END, place
      FROM unnest($1::text[], $2::int[]) WITH ORDINALITY AS member(owner, value, n),
           generate_series(value, 1, -1) AS place,
           (SELECT pg_advisory_xact_lock_shared(20261125)) AS gate
)sql"};
inline constexpr Statement kMiscounted{"miscounted", "SELECT 7, one FROM unnest($1::text[]) AS one"};
/// Whether nobody else is at work on the same thing: in another batch, or in this one.
inline constexpr Statement kAlone{"alone", R"sql(
    SELECT n, owner, pg_try_advisory_xact_lock(20261125, value) AND count(*) OVER (PARTITION BY value) = 1
      FROM unnest($1::text[], $2::int[]) WITH ORDINALITY AS member(owner, value, n)
)sql"};

/// Shut, every statement above but the last two waits in front of it.
class ShutGate {
public:
    ShutGate()
        : pool_{{.dsn = require_environment("STACK_ADMIN_DSN"),
                 .statements = {kShut, kOpen},
                 .connections = 1,
                 .acquire_timeout = 10s}},
          lease_{pool_.acquire(deadline_after(10s))} {
        lease_.execute(kShut, {});
    }
    ~ShutGate() { lease_.execute(kOpen, {}); }
    ShutGate(const ShutGate&) = delete;
    ShutGate& operator=(const ShutGate&) = delete;

private:
    static constexpr Statement kShut{"shut", "SELECT pg_advisory_lock(20261125)"};
    static constexpr Statement kOpen{"open", "SELECT pg_advisory_unlock(20261125)"};

    Pool pool_;
    Lease lease_;
};

inline Member member(const std::string& value, std::vector<std::string> touches = {}) {
    return {.parameters = {"owner of " + value, value}, .touches = std::move(touches)};
}

struct ACombiner : DatabaseTest {
    static constexpr std::size_t kConnections = 6;
    Administrator administrator;
    std::unique_ptr<ShutGate> gate;
    std::unique_ptr<Pool> pool;
    std::unique_ptr<Combiner> combiner;
    std::vector<std::future<Rows>> others;

    /// One batch at a time where a test says nothing else, so that what comes behind it has to wait.
    void combine(const Statement& statement, CombinerOptions how = {.batches_in_flight = 1}) {
        PoolOptions patient = options(kConnections);
        patient.statements = {kMeet, kFail, kMany, kMiscounted, kAlone};
        patient.lock_timeout = 9s;
        if (how.wait_timeout == CombinerOptions{}.wait_timeout) how.wait_timeout = 10s;
        pool = std::make_unique<Pool>(patient);
        ASSERT_TRUE(is_full(*pool, kConnections));
        combiner = std::make_unique<Combiner>(*pool, statement, how);
    }
    void shut_gate() { gate = std::make_unique<ShutGate>(); }
    void open_gate() { gate.reset(); }

    Rows execute(const Member& what, Budget budget = deadline_after(10s)) { return combiner->execute(what, budget); }

    /// In a thread of its own; returns when it is under way, or waits for that.
    std::size_t send(Member what, Budget budget = deadline_after(10s)) {
        const auto seen = [this] {
            const CombinerCounts counts = combiner->counts();
            return counts.waiting + counts.members;
        };
        const std::size_t before = seen();
        others.push_back(
            std::async(std::launch::async, [this, what = std::move(what), budget] { return execute(what, budget); }));
        EXPECT_TRUE(comes_true([&] { return seen() > before; }));
        return others.size() - 1;
    }
    std::string batch_of(std::size_t sent) { return std::string{others.at(sent).get().at(0, 0).value()}; }
    [[nodiscard]] std::size_t waiting() const { return combiner->counts().waiting; }
};

}  // namespace fcgi_worker::pq
