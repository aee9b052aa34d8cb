// How every statement of the catalogue finds its rows among a million todos of 100,000 owners: through an
// index, no row of another owner, and within a number of buffers that does not grow with the table.
//
// The plans are those that the worker runs: its own role, the statements as prepared on its connections, the
// generic plan, the planner's settings as they come.
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <map>

#include "../../patience.hpp"
#include "database_test.hpp"

namespace todo::tests {
namespace {

namespace json = boost::json;

constexpr int kOwners = 100'000;
constexpr int kTodosOfEach = 11;  // ten, and a tombstone

/// Todo number i of owner number o is row o + i x kOwners of the table, so that an owner's todos lie on pages far
/// apart, as they do when all owners write at the same time.
constexpr Statement kLoad{"load", R"sql(
    INSERT INTO todo
    SELECT ('00000000-0000-7000-a000-' || lpad(to_hex(owner), 12, '0'))::uuid,
           ('01900000-0000-7000-8000-' || lpad(to_hex(number * 100000 + owner), 12, '0'))::uuid,
           CASE WHEN number = 3 THEN '' ELSE 'Todo number ' || number || ' of owner ' || owner END,
           number % 3 = 0, CASE WHEN number % 2 = 0 AND number <> 3 THEN number * 10 END, '',
           now() - interval '40 days', now(), 1, CASE WHEN number = 3 THEN now() - interval '31 days' END
      FROM generate_series(0, $1::int - 1) AS number, generate_series(1, $2::int) AS owner
     ORDER BY number, owner
    ON CONFLICT DO NOTHING
)sql"};
constexpr Statement kLoadKeys{"load_keys", R"sql(
    INSERT INTO write_key
    SELECT owner_id, 'key-' || id, '\x0000000000000000000000000000000000000000000000000000000000000000', id, 201,
           now() - interval '25 hours'
      FROM todo
     WHERE id < '01900000-0000-7000-8000-0000000186a1'
    ON CONFLICT DO NOTHING
)sql"};
constexpr Statement kAnalyzeTodo{"analyze_todo", "ANALYZE todo"};
constexpr Statement kAnalyzeWriteKey{"analyze_write_key", "ANALYZE write_key"};

constexpr const char* kOwner = "'00000000-0000-7000-a000-00000000c350'";  // owner 50,000
constexpr const char* kId = "'01900000-0000-7000-8000-00000003d090'";     // its todo number 2
constexpr const char* kNewId = "'01900000-0000-7000-9000-000000000001'";  // nobody's
constexpr const char* kDigest = R"('\x0000000000000000000000000000000000000000000000000000000000000000')";
constexpr const char* kStart = "'00000000-0000-0000-0000-000000000000'";

/// A statement with arguments, and the most buffers it may touch. An owner's ten rows are on ten pages; one look into
/// an index of this size is four; a change writes to each index and to the row's page.
struct Case {
    const char* name;
    std::string execute;
    int buffers;
};

std::string arguments(const std::vector<std::string>& values) {
    std::string text;
    for (const std::string& value : values) text += (text.empty() ? "(" : ", ") + value;
    return text + ")";
}

/// Each as an array with it `count` times: a batch of so many members that are alike.
std::string batch(const std::vector<std::string>& values, int count = 1) {
    std::vector<std::string> arrays;
    for (const std::string& value : values) {
        std::string element;
        for (const char c : value) {
            if (c == '\'')
                element += '"';
            else if (c == '\\')
                element += "\\\\";
            else
                element += c;
        }
        std::string array;
        for (int i = 0; i < count; ++i) array += (array.empty() ? "'{" : ",") + element;
        arrays.push_back(array + "}'");
    }
    return arguments(arrays);
}

const std::vector<Case>& cases() {
    static const std::vector<Case> kCases{
        {"todo_list_by_id", batch({kOwner, kStart, "NULL", "51"}), 20},
        {"todo_list_by_id", batch({kOwner, kId, "true", "51"}), 20},
        {"todo_list_by_id", batch({kOwner, kStart, "NULL", "11"}, 30), 30 * 20},
        {"todo_list_by_order", batch({kOwner, "-9223372036854775808", kStart, "NULL", "51"}), 20},
        {"todo_list_by_order", batch({kOwner, "10", kId, "false", "51"}), 20},
        {"todo_list_by_order", batch({kOwner, "10", kId, "false", "11"}, 30), 30 * 20},
        {"todo_find", batch({kOwner, kId}), 6},
        {"todo_find", batch({kOwner, kId}, 64), 64 * 6},
        {"todo_create", batch({kOwner, "'" + new_id().value.to_string() + "'", "NULL", "'t'", "false", "1", "''"}), 60},
        {"todo_create", batch({kOwner, "'" + new_id().value.to_string() + "'", "10000", "'t'", "false", "1", "''"}),
         80},
        // Thirty that are refused: their owner's todos are counted once.
        {"todo_create", batch({kOwner, kNewId, "1", "'t'", "false", "1", "''"}, 30), 30},
        {"todo_create_keyed", batch({kOwner, kNewId, "'key'", kDigest, "10000", "'t'", "false", "1", "''"}), 80},
        {"todo_create_keyed", batch({kOwner, kNewId, "'key'", kDigest, "10000", "'t'", "false", "1", "''"}), 80},
        {"todo_create_keyed", batch({kOwner, kNewId, "'new key'", kDigest, "1", "'t'", "false", "1", "''"}, 30),
         30 * 4 + 30},
        {"todo_replace",
         batch({kOwner, "'01900000-0000-7000-9000-000000000004'", "NULL", "NULL", "1", "'r'", "true", "5", "'n'",
                "NULL", "false", "true", "NULL", "NULL", "NULL"},
               30),
         30 * 4 + 30},
        {"todo_replace",
         batch({kOwner, kId, "NULL", "NULL", "10000", "'r'", "true", "5", "'n'", "NULL", "false", "false", "NULL",
                "NULL", "NULL"}),
         60},
        {"todo_replace",
         batch({kOwner, "'01900000-0000-7000-9000-000000000002'", "NULL", "NULL", "10000", "'r'", "true", "5", "'n'",
                "NULL", "false", "true", "NULL", "NULL", "NULL"}),
         80},
        {"todo_patch",
         batch({kOwner, kId, "'other key'", kDigest, "'p'", "NULL", "false", "NULL", "NULL", "'{1-1,2-2}'", "NULL",
                "NULL", "NULL"}),
         60},
        {"todo_patch",
         batch({kOwner, kId, "NULL", "NULL", "NULL", "false", "false", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL"}),
         60},
        {"todo_remove", batch({kOwner, kId, "NULL", "NULL", "NULL"}), 60},
        {"todo_remove_all", arguments({kOwner, "NULL", "NULL", "true"}), 200},
        {"todo_remove_all", arguments({kOwner, "'last key'", kDigest, "NULL"}), 400},
        {"write_key_purge", arguments({"10"}), 200},
        {"todo_purge", arguments({"10"}), 400},
    };
    return kCases;
}

/// Calls `visit` for a plan node and all below it.
void walk(const json::object& node, const std::function<void(const json::object&)>& visit) {
    visit(node);
    if (const auto* children = node.if_contains("Plans")) {
        for (const json::value& child : children->as_array()) {
            walk(child.as_object(), visit);
        }
    }
}

std::string text_of(const json::object& node, std::string_view name) {
    const auto* value = node.if_contains(name);
    return value == nullptr ? "" : std::string{value->as_string()};
}

class Plans : public testing::Test {
protected:
    static void SetUpTestSuite() {
        Pool schema_owner{patient("STACK_OWNER_DSN", 1, {kLoad, kLoadKeys, kAnalyzeTodo, kAnalyzeWriteKey})};
        const std::vector<std::pair<Statement, fcgi_worker::pq::Parameters>> steps{
            {kLoad, {std::to_string(kTodosOfEach), std::to_string(kOwners)}},
            {kLoadKeys, {}},
            {kAnalyzeTodo, {}},
            {kAnalyzeWriteKey, {}}};
        for (const auto& [statement, parameters] : steps) {
            schema_owner.acquire(fcgi_worker::deadline_after(std::chrono::minutes{5})).execute(statement, parameters);
        }
    }
};

TEST_F(Plans, HaveAMillionTodosOfAHundredThousandOwnersToSearch) {
    // Of the tombstones, a worker's janitor may have removed some already.
    constexpr Statement kCount{"count", "SELECT count(*), count(DISTINCT owner_id) FROM todo WHERE deleted_at IS NULL"};
    Pool schema_owner{patient("STACK_OWNER_DSN", 1, {kCount})};
    const Rows rows = schema_owner.acquire(soon()).execute(kCount, {});
    EXPECT_GE(std::stoi(std::string{rows.at(0, 0).value()}), kOwners * (kTodosOfEach - 1));
    EXPECT_GE(std::stoi(std::string{rows.at(0, 1).value()}), kOwners);
}

TEST_F(Plans, AreTriedForEveryStatementOfTheCatalogue) {
    std::vector<std::string> tried;
    for (const Case& one : cases()) {
        tried.emplace_back(one.name);
    }
    for (const Statement& statement : kStatements) {
        EXPECT_THAT(tried, testing::Contains(statement.name));
    }
}

bool is_purge(const Case& one) { return std::string_view{one.name}.find("purge") != std::string_view::npos; }

/// 0 where nothing was run.
int buffers_touched(const json::object& root) {
    int sum = 0;
    for (const char* blocks : {"Shared Hit Blocks", "Shared Read Blocks"}) {
        if (const auto* value = root.if_contains(blocks)) sum += value->to_number<int>();
    }
    return sum;
}

/// Runs each case behind `explain`, on one connection, which finds what the pool has prepared there; after `before`.
/// A purge that meets a worker's janitor passes over all that the janitor has locked or has just removed, which is not
/// what is asked here: it is run again.
void explain_all(const std::string& explain, const std::vector<Statement>& before,
                 const std::function<void(const Case&, const json::object&)>& judge) {
    std::vector<std::string> texts;
    std::vector<std::string> names;
    for (const Case& one : cases()) {
        texts.push_back(explain + " EXECUTE " + one.name + one.execute);
        names.push_back("explain_" + std::to_string(names.size()));
    }
    std::vector<Statement> statements = catalogue();
    statements.insert(statements.end(), before.begin(), before.end());
    for (std::size_t i = 0; i < texts.size(); ++i) statements.push_back({names[i].c_str(), texts[i].c_str()});
    Pool worker{patient("STACK_WORKER_DSN", 1, statements)};

    for (const Statement& statement : before) worker.acquire(soon()).execute(statement, {});
    for (std::size_t i = 0; i < texts.size(); ++i) {
        SCOPED_TRACE(texts[i]);
        const Case& one = cases()[i];
        json::value plan;
        const auto is_undisturbed = [&] {
            const Rows rows = worker.acquire(soon()).execute({names[i].c_str(), texts[i].c_str()}, {});
            plan = json::parse(std::string{rows.at(0, 0).value()}).as_array().at(0).at("Plan");
            return !is_purge(one) || buffers_touched(plan.as_object()) <= one.buffers;
        };
        comes_true(is_undisturbed);
        judge(one, plan.as_object());
    }
}

/// Through an index, by the owner where it is not a purge; a todo by its id through the primary key alone.
void expect_indexes(const Case& one, const json::object& root) {
    int scans = 0;
    walk(root, [&](const json::object& node) {
        const std::string type = text_of(node, "Node Type");
        EXPECT_NE(type, "Seq Scan") << json::serialize(node);
        if (type != "Index Scan" && type != "Index Only Scan" && type != "Bitmap Index Scan") return;
        ++scans;
        const std::string condition = text_of(node, "Index Cond");
        EXPECT_THAT(condition, testing::HasSubstr(is_purge(one) ? "_" : "owner_id = "));
        if (condition.find("(id = ") != std::string::npos) {
            EXPECT_THAT(text_of(node, "Index Name"), testing::HasSubstr("pkey")) << json::serialize(node);
        }
    });
    EXPECT_GT(scans, 0) << json::serialize(root);
}

TEST_F(Plans, UseAnIndexReadRowsOfOneOwnerAndTouchFewBuffers) {
    explain_all("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)", {}, [](const Case& one, const json::object& root) {
        expect_indexes(one, root);
        const int touched = buffers_touched(root);
        EXPECT_LE(touched, one.buffers);
        std::cout << "    " << one.name << ": " << touched << " of " << one.buffers << " buffers\n";
    });
}

/// Nobody has counted the rows of a table that has just been made, and a plan made then is kept.
TEST_F(Plans, UseAnIndexWhileTheTablesAreNew) {
    const std::vector<Statement> new_tables{{"new_todo", "CREATE TEMP TABLE todo (LIKE todo INCLUDING ALL)"},
                                            {"new_key", "CREATE TEMP TABLE write_key (LIKE write_key INCLUDING ALL)"}};
    explain_all("EXPLAIN (FORMAT JSON)", new_tables, expect_indexes);
}

}  // namespace
}  // namespace todo::tests
