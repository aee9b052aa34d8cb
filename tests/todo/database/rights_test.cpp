// What the worker's role may not do.
#include "database_test.hpp"

namespace todo::tests {
namespace {

struct WorkerRole : testing::Test {
    /// The SQLSTATE with which the statement is refused; empty where it is not.
    static std::string refused(const char* sql) {
        const Statement statement{"forbidden", sql};
        try {
            Pool pool{patient("STACK_WORKER_DSN", 1, {statement})};
            pool.acquire(soon()).execute(statement, {});
        } catch (const fcgi_worker::pq::SqlError& error) {
            return error.sqlstate();
        }
        return "";
    }
};

constexpr const char* kInsufficientPrivilege = "42501";

TEST_F(WorkerRole, MovesNoTodoToAnotherOwner) {
    EXPECT_EQ(refused("UPDATE todo SET owner_id = owner_id WHERE false"), kInsufficientPrivilege);
    EXPECT_EQ(refused("UPDATE write_key SET owner_id = owner_id WHERE false"), kInsufficientPrivilege);
}

TEST_F(WorkerRole, EmptiesNoTable) { EXPECT_EQ(refused("TRUNCATE todo"), kInsufficientPrivilege); }

TEST_F(WorkerRole, ChangesNoSchema) {
    EXPECT_EQ(refused("CREATE TABLE mine (id int)"), kInsufficientPrivilege);
    EXPECT_EQ(refused("ALTER TABLE todo ADD COLUMN mine int"), kInsufficientPrivilege);
    EXPECT_EQ(refused("DROP TABLE todo"), kInsufficientPrivilege);
}

TEST_F(WorkerRole, ReadsNoFileAndStartsNoProgram) {
    EXPECT_EQ(refused("SELECT pg_read_file('/etc/passwd')"), kInsufficientPrivilege);
    EXPECT_EQ(refused("COPY todo TO PROGRAM 'true'"), kInsufficientPrivilege);
}

TEST_F(WorkerRole, IsNoSuperuserAndMakesNoRoles) {
    const Statement kRole{"role", R"(SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication
                                       FROM pg_roles WHERE rolname = current_user)"};
    Pool pool{patient("STACK_WORKER_DSN", 1, {kRole})};
    EXPECT_EQ(pool.acquire(soon()).execute(kRole, {}).at(0, 0), "f");
}

}  // namespace
}  // namespace todo::tests
