/// What tests against a real PostgreSQL share: connections to the stack's database, and owners of their own.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcgi_worker/pq/pool.hpp>

#include "crypto.hpp"
#include "spread_statements.hpp"
#include "todo.hpp"

namespace todo::tests {

using fcgi_worker::Deadline;
using fcgi_worker::deadline_after;
using fcgi_worker::pq::Pool;
using fcgi_worker::pq::Rows;
using fcgi_worker::pq::Statement;

/// No password hashes to them, so that no test waits for one; the store does not look into them.
inline constexpr const char* kHash = "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA";
inline constexpr const char* kOtherHash = "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$b3RoZXI";

/// A connection string of the stack that runs: "STACK_WORKER_DSN", "STACK_OWNER_DSN".
inline std::string require_dsn(const char* variable) {
    const char* dsn = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): read before threads start
    if (dsn == nullptr) {
        throw std::runtime_error(std::string{variable} + " is not set: run ./todo test --only database");
    }
    return dsn;
}

/// All of these tests run twice: as the tables are on one server, and, with TODO_SHARDS, with the statements for tables
/// that are spread.
inline std::size_t shards() {
    const char* number = std::getenv("TODO_SHARDS");  // NOLINT(concurrency-mt-unsafe): read before threads start
    return number == nullptr ? 0 : std::stoul(number);
}

/// As the worker prepares them.
inline std::vector<Statement> catalogue() {
    std::vector<Statement> statements;
    add_forms(statements, kStatements, shards());
    add_forms(statements, kAccountStatements, shards());
    return statements;
}

/// Nobody else's rows: each test has an owner of its own, so none has to clean up.
inline OwnerId new_owner() {
    start_crypto();
    return OwnerId{make_uuid_v7()};
}

inline TodoId new_id() {
    start_crypto();
    return TodoId{make_uuid_v7()};
}

/// Far enough that only what hangs ever reaches it.
inline Deadline soon() { return deadline_after(std::chrono::seconds{20}); }

/// Connections with time for a statement over a whole table, and for a test that makes others wait.
inline fcgi_worker::pq::PoolOptions patient(const char* variable, std::size_t connections,
                                            std::vector<Statement> statements) {
    fcgi_worker::pq::PoolOptions options;
    options.dsn = require_dsn(variable);
    options.statements = std::move(statements);
    options.connections = connections;
    options.acquire_timeout = std::chrono::seconds{10};
    options.statement_timeout = std::chrono::minutes{5};
    options.lock_timeout = std::chrono::seconds{10};
    return options;
}

}  // namespace todo::tests
