/// Concurrent executions of one statement share a round trip.
///
///     constexpr Statement kFind{"find", R"(
///         SELECT n, owner_id, id, title
///           FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS member(owner_id, id, n)
///           JOIN todo USING (owner_id, id))"};
///     Combiner find{pool, kFind};
///     Rows rows = find.execute({.parameters = {owner, id}}, request.budget());
///
/// The first to come leads: it takes a connection, takes everybody who waits by then, runs the statement once for all
/// of them, and hands out the rows. While it does, the next batch gathers. There is no thread but the callers', and no
/// timer, unless batch_interval says so: who is alone goes at once, as a batch of one.
///
/// The statement is written for many: each of its parameters is an array with an element for each member, and each of
/// its rows begins with the number of its member, from 1 (WITH ORDINALITY), and that member's first parameter. By these
/// the rows are handed out, without them. A row whose second column is not what its member gave belongs to
/// somebody else; its member gets an error in its place. A statement that writes is one transaction: all members
/// or none. Where the server refuses a batch by an SqlError, each of its members is executed again, alone. What is
/// Unavailable (a lock that is not had in time, a connection that ends) is so for all of them: to wait for it again,
/// one by one, would take the connections from everybody else.
///
/// Threads: every member may be called from any thread.
/// Errors:  each function names what it throws. What is not named is not thrown.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <fcgi_worker/deadline.hpp>
#include <fcgi_worker/pq/pool.hpp>
#include <fcgi_worker/pq/statement.hpp>

namespace fcgi_worker::pq {

/// How large batches are, how many at a time, and how long they are waited for.
struct CombinerOptions {
    bool combine = true;  ///< Else each execution is a round trip of its own, of the same statement.

    /// 1..1,000 members of a batch. Each holds a stack of the server, so there are never more than
    /// ServerOptions::requests.
    std::size_t batch_size = 64;
    /// 1..100 batches at a time, each on a connection. With one, all who come while it is on its way make the next one:
    /// two made batches half as large, and lists and inserts a fifth slower (docs/performance.md). More are for
    /// statements that wait for locks, where one batch would hold up the others.
    std::size_t batches_in_flight = 1;
    /// The sum of a batch's weights, from 1; who is heavier goes alone. For rows that a member may ask for.
    std::size_t batch_weight = std::numeric_limits<std::size_t>::max();

    /// Shortest time from the begin of one batch to that of the next, where fewer than half a batch wait by then; 0..1
    /// s. Who comes after a silence goes at once. 0: whoever is there goes as soon as the batch before is back, so
    /// below saturation most batches have one member, or two. A few milliseconds more for each request then save most
    /// of what their round trips cost (docs/performance.md). The leader holds its thread meanwhile.
    std::chrono::milliseconds batch_interval{0};

    std::size_t waiters = 1000;  ///< 1..100,000 requests that wait for a batch; the next one is turned away at once.
    /// Longest wait until a batch begins; 1 ms..1 min, as PoolOptions::acquire_timeout.
    std::chrono::milliseconds wait_timeout{500};
};

/// One execution.
struct Member {
    Parameters parameters;  ///< One for each of the statement's arrays.

    /// The rows and keys that it changes, each by a name of the caller's: members that have one in common are never
    /// under way at the same time, and go in the order they came. Empty for what only reads.
    std::vector<std::string> touches = {};

    /// A batch has members of one group: one machine's, where tables are spread over several.
    std::uint64_t group = 0;
    std::size_t weight = 1;  ///< See CombinerOptions::batch_weight.
};

/// What a combiner does and did, for metrics.
struct CombinerCounts {
    std::size_t waiting = 0;              ///< For a batch to begin.
    std::size_t in_flight = 0;            ///< Batches.
    std::size_t batches = 0;              ///< Since the start.
    std::size_t members = 0;              ///< Of all batches together.
    std::size_t repeated = 0;             ///< Members executed again, alone, as their batch was refused.
    std::size_t turned_away_late = 0;     ///< No batch began in time.
    std::size_t turned_away_crowded = 0;  ///< Too many waited already.
    std::size_t abandoned = 0;            ///< Their client had gone when their batch began.
    std::size_t misdirected = 0;          ///< Rows that were not their member's: a mistake in the statement.
};

/// Those that wait for one statement, and their batches.
class Combiner {
public:
    /// `pool` has `statement` among its own and outlives the combiner.
    /// Throws std::invalid_argument for an option out of its range.
    Combiner(Pool& pool, const Statement& statement, CombinerOptions options = {});

    /// No execute() may be under way.
    ~Combiner();
    Combiner(const Combiner&) = delete;
    Combiner& operator=(const Combiner&) = delete;

    /// The member's rows, in the order in which the statement returned them. The wait for a batch ends at the budget's
    /// deadline, or when its client has gone. Once under way it takes as long as the batch does: until the latest
    /// deadline of its members.
    /// Throws what Pool::acquire() and Lease::execute() throw. A batch in doubt is in doubt for each member.
    /// std::logic_error: a row was somebody else's. std::invalid_argument: another number of parameters than the
    /// statement has.
    Rows execute(const Member& member, Budget budget);

    /// As they are now.
    [[nodiscard]] CombinerCounts counts() const;

private:
    class Queue;
    std::unique_ptr<Queue> queue_;
};

}  // namespace fcgi_worker::pq
