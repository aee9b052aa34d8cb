// Tables that are spread over several machines, as far as one PostgreSQL can tell: in which shard an owner's rows lie,
// that a batch has the owners of one shard, and that both forms of a list answer the same in the same order.
#include "shard.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "../../patience.hpp"
#include "database_test.hpp"
#include "pg_store.hpp"

namespace todo::tests {
namespace {

/// $1 uuids, $2 shards: each uuid's hash, and its shard by Citus's own reckoning: equal parts of the hashes, and what
/// the division leaves belongs to the last one.
constexpr Statement kHashes{"hashes", R"sql(
    SELECT uuid_hash(id)::bigint & 4294967295,
           least((uuid_hash(id)::bigint + 2147483648) / (4294967296 / $2::bigint), $2::bigint - 1)
      FROM unnest($1::uuid[]) WITH ORDINALITY AS given(id, n)
     ORDER BY n
)sql"};
constexpr Statement kPrepared{"prepared", R"sql(
    SELECT name, statement FROM pg_prepared_statements
)sql"};

constexpr std::size_t kShards = 32;

std::string array_of(const std::vector<OwnerId>& owners) {
    std::string text;
    for (const OwnerId& owner : owners) text += (text.empty() ? "{" : ",") + owner.value.to_string();
    return text + "}";
}

std::vector<OwnerId> many_owners() {
    std::vector<OwnerId> owners{OwnerId{}, OwnerId{Uuid::parse("ffffffff-ffff-ffff-ffff-ffffffffffff").value()}};
    while (owners.size() < 1000) owners.push_back(new_owner());
    return owners;
}

TEST(Shard, IsTheOneThatPostgresqlsHashLeadsTo) {
    const std::vector<OwnerId> owners = many_owners();
    Pool pool{patient("STACK_WORKER_DSN", 1, {kHashes})};
    for (const std::size_t shards : {std::size_t{1}, std::size_t{3}, kShards, std::size_t{48}, kMostShards}) {
        const Rows rows = pool.acquire(soon()).execute(kHashes, {array_of(owners), std::to_string(shards)});
        ASSERT_EQ(rows.size(), owners.size());
        for (std::size_t i = 0; i < owners.size(); ++i) {
            ASSERT_EQ(std::to_string(hash_of(owners[i].value)), rows.at(i, 0)) << owners[i].value.to_string();
            ASSERT_EQ(std::to_string(shard_of(owners[i], shards)), rows.at(i, 1)) << owners[i].value.to_string();
        }
    }
}

/// Two owners of one shard, and one of another.
struct Owners {
    OwnerId one = new_owner();
    OwnerId neighbour = in_shard(true);
    OwnerId other = in_shard(false);

private:
    [[nodiscard]] OwnerId in_shard(bool same) const {
        for (;;) {
            const OwnerId owner = new_owner();
            if ((shard_of(owner, kShards) == shard_of(one, kShards)) == same) return owner;
        }
    }
};

/// Asks for a todo of each at the same moment, on one connection that is busy until all of them wait, and says how many
/// batches that were.
std::size_t batches_of(const std::vector<OwnerId>& owners, std::size_t shards) {
    std::vector<Statement> statements;
    add_forms(statements, kStatements, shards);
    Pool pool{patient("STACK_WORKER_DSN", 1, statements)};
    PgStore store{pool, {.shards = shards, .combiner = {.wait_timeout = std::chrono::seconds{10}}}};
    const auto finds = [&store] { return store.counts().at(2).second; };

    std::optional lease{pool.acquire(soon())};
    std::vector<std::thread> threads;
    threads.reserve(owners.size());
    for (const OwnerId& owner : owners) {
        threads.emplace_back([&store, owner] { std::ignore = store.find(owner, new_id(), soon()); });
    }
    EXPECT_TRUE(comes_true([&] { return finds().waiting + finds().in_flight == owners.size(); }));
    lease.reset();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(finds().members, owners.size());
    return finds().batches;
}

TEST(BatchOfASpreadTable, HasTheOwnersOfOneShard) {
    const Owners owners;
    const std::vector<OwnerId> asking{owners.one, owners.other, owners.neighbour, owners.other, owners.one};
    EXPECT_EQ(batches_of(asking, kShards), 2U);
    EXPECT_EQ(batches_of(asking, 0), 1U);
}

TEST(Catalogue, IsPreparedInTheFormThatTheTablesNeed) {
    std::vector<Statement> statements = catalogue();
    statements.push_back(kPrepared);
    Pool pool{patient("STACK_WORKER_DSN", 1, statements)};
    const Rows rows = pool.acquire(soon()).execute(kPrepared, {});
    std::size_t combined = 0;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const std::string name{rows.at(row, 0).value()};
        const std::string sql{rows.at(row, 1).value()};
        if (sql.find("WITH ORDINALITY") == std::string::npos) continue;
        ++combined;
        EXPECT_EQ(sql.find("owner_id = ANY ($1::uuid[])") != std::string::npos, shards() > 0) << name;
        EXPECT_EQ(sql.find("LIMIT size") != std::string::npos, shards() == 0 && name.starts_with("todo_list")) << name;
    }
    EXPECT_EQ(combined, 8U);
}

struct BothForms : testing::Test {
    const OwnerId owner = new_owner();
    const OwnerId other = new_owner();

    /// Pages of both owners at once, as one batch: each of them has another page size and filter.
    static Rows list(const Statement& statement, const fcgi_worker::pq::Parameters& parameters) {
        Pool pool{patient("STACK_WORKER_DSN", 1, {statement})};
        return pool.acquire(soon()).execute(statement, parameters);
    }
    static std::vector<std::string> texts(const Rows& rows) {
        std::vector<std::string> lines;
        for (std::size_t row = 0; row < rows.size(); ++row) {
            std::string line;
            for (std::size_t column = 0; column < 10; ++column) line.append(rows.at(row, column).value_or("-")) += '|';
            lines.push_back(line);
        }
        return lines;
    }
    void given_todos() const {
        std::vector<Statement> statements;
        add_forms(statements, kStatements, 0);
        Pool pool{patient("STACK_WORKER_DSN", 1, statements)};
        PgStore store{pool};
        for (int i = 0; i < 7; ++i) {
            Content content{.title = "t", .completed = i % 2 == 0};
            if (i % 3 != 0) content.order = 10 - i;
            const TodoId id = new_id();
            for (const OwnerId& one : {owner, other}) store.create(one, id, content, std::nullopt, soon());
            if (i == 4) store.remove(owner, id, {}, std::nullopt, soon());
        }
    }
    [[nodiscard]] std::string owners() const { return array_of({owner, other, owner, other}); }
};

constexpr const char* kStarts =
    "{00000000-0000-0000-0000-000000000000,00000000-0000-0000-0000-000000000000,"
    "00000000-0000-0000-0000-000000000000,00000000-0000-0000-0000-000000000000}";

TEST_F(BothForms, ListTheSameById) {
    given_todos();
    const fcgi_worker::pq::Parameters parameters{owners(), kStarts, "{NULL,true,false,NULL}", "{3,2,50,1}"};
    const auto one = texts(list(kListById, parameters));
    EXPECT_EQ(one.size(), 3U + 2U + 3U + 1U);
    EXPECT_EQ(texts(list(form_of(kListById, kShards), parameters)), one);
}

TEST_F(BothForms, ListTheSameByOrder) {
    given_todos();
    const fcgi_worker::pq::Parameters parameters{owners(), "{-9223372036854775808,5,6,9223372036854775807}", kStarts,
                                                 "{NULL,NULL,true,NULL}", "{4,3,50,2}"};
    const auto one = texts(list(kListByOrder, parameters));
    EXPECT_EQ(one.size(), 4U + 3U + 3U + 2U);
    EXPECT_EQ(texts(list(form_of(kListByOrder, kShards), parameters)), one);
}

}  // namespace
}  // namespace todo::tests
