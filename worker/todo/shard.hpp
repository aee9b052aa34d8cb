/// Where an owner's rows lie, when the tables are spread over several machines: in which of their shards.
///
/// Citus hashes a row's key as PostgreSQL's own hash indexes do, and gives each shard an equal part of the hashes. So a
/// worker reckons the shard without asking. Who reckons wrongly loses no row: a batch then goes to more machines than
/// one.
///
/// Threads: functions without state.
#pragma once

#include <cstddef>
#include <cstdint>

#include "todo.hpp"
#include "uuid.hpp"

namespace todo {

/// PostgreSQL's uuid_hash(), as servers of little-endian machines have it. tests/todo/database/ asks one.
[[nodiscard]] std::uint32_t hash_of(const Uuid& uuid);

/// From 0, in the order of the shards' hashes. `shards`: 1..64,000, as many as each table has.
[[nodiscard]] std::size_t shard_of(OwnerId owner, std::size_t shards);

}  // namespace todo
