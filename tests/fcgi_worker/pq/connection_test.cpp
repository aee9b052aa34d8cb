/// A connection runs statements: what goes to the server, what comes back, and what an error becomes.
#include "database.hpp"
#include "gate.hpp"

namespace fcgi_worker::pq {
namespace {

constexpr Statement kElements{"elements", "SELECT * FROM unnest($1::text[])"};
constexpr Statement kDivide{"divide", "SELECT 1 / $1::int"};
constexpr Statement kLock{"lock", "SELECT pg_advisory_lock($1)"};
constexpr Statement kForget{"forget", "DEALLOCATE ALL"};
constexpr Statement kChoose{"choose", "SELECT set_config('pool_test.code', $1, false)"};
constexpr Statement kFail{"fail", R"sql(
    DO $$ BEGIN RAISE EXCEPTION 'as asked' USING ERRCODE = current_setting('pool_test.code'); END $$
)sql"};

struct AConnection : DatabaseTest {
    [[nodiscard]] PoolOptions options_with(const std::vector<Statement>& more) const {
        PoolOptions options = DatabaseTest::options(1);
        options.statements.insert(options.statements.end(), more.begin(), more.end());
        return options;
    }
};

TEST_F(AConnection, RunsAStatementInOneRoundTrip) {
    Gate gate{server_socket};
    PoolOptions through_gate = options(1);
    through_gate.dsn += " host=" + gate.directory();
    Pool pool{through_gate};
    Lease lease = borrow(pool);
    gate.forget();

    lease.execute(kEcho, {"a", "b"});
    lease.execute(kEcho, {"c", std::nullopt});

    EXPECT_EQ(gate.sent(), "BDESBDES");
}

TEST_F(AConnection, PreparesEveryStatementWhenItOpens) {
    Gate gate{server_socket};
    PoolOptions through_gate = options(1);
    through_gate.dsn += " host=" + gate.directory();
    const Pool pool{through_gate};

    ASSERT_TRUE(is_full(pool, 1));

    EXPECT_EQ(gate.sent(), "PSPSPSPS");
}

TEST_F(AConnection, TellsNullFromEmpty) {
    Pool pool{options(1)};

    const Rows rows = borrow(pool).execute(kEcho, {std::nullopt, ""});

    EXPECT_EQ(rows.at(0, 0), std::nullopt);
    EXPECT_EQ(rows.at(0, 1), "");
}

TEST_F(AConnection, CarriesEveryCharacter) {
    Pool pool{options(1)};
    const std::string text = "Grüße, 世界 \U0001F600 '\"\\{},\t\r\n\x01";

    EXPECT_EQ(borrow(pool).execute(kEcho, {text, "{}"}).at(0, 0), text);
}

TEST_F(AConnection, RefusesANulByteInsteadOfCuttingThere) {
    Pool pool{options(1)};

    EXPECT_THROW(borrow(pool).execute(kEcho, {std::string("a\0b", 3), "c"}), std::invalid_argument);
}

TEST_F(AConnection, TakesArraysAsLiterals) {
    Pool pool{options_with({kElements})};

    const Rows rows = borrow(pool).execute(kElements, {R"({plain,"with \"quotes\", comma",NULL})"});

    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows.at(1, 0), "with \"quotes\", comma");
    EXPECT_EQ(rows.at(2, 0), std::nullopt);
}

TEST_F(AConnection, GivesRowsThatOutliveThePool) {
    const Rows rows = Pool{options(1)}.acquire(deadline_after(10s)).execute(kEcho, {"still here", "b"});

    EXPECT_EQ(rows.at(0, 0), "still here");
    EXPECT_THROW((void)rows.at(1, 0), std::out_of_range);
    EXPECT_THROW((void)rows.at(0, 2), std::out_of_range);
}

TEST_F(AConnection, RefusesAStatementThatThePoolWasNotGiven) {
    Pool pool{options(1)};
    Lease lease = borrow(pool);

    EXPECT_THROW(lease.execute({"unknown", "SELECT 1"}, {}), std::invalid_argument);
    EXPECT_THROW(lease.execute({kEcho.name, "SELECT 'something else'"}, {}), std::invalid_argument);
    EXPECT_NO_THROW(process_of(lease));
}

TEST_F(AConnection, AddsItsTimeoutsToWhatTheDsnSays) {
    PoolOptions own = options(1);
    own.dsn += R"( options='-c pool_test.word=it\'s\\\\\\ here -c statement_timeout=1' client_encoding=LATIN1)";
    own.statement_timeout = 4321ms;
    own.lock_timeout = 1234ms;
    Pool pool{own};
    Lease lease = borrow(pool);

    const auto setting = [&](const char* variable) {
        return std::string{lease.execute(kSetting, {variable}).at(0, 0).value()};
    };
    EXPECT_EQ(setting("pool_test.word"), "it's\\ here");
    EXPECT_EQ(setting("statement_timeout"), "4321ms");
    EXPECT_EQ(setting("lock_timeout"), "1234ms");
    EXPECT_EQ(setting("idle_in_transaction_session_timeout"), "4321ms");
    EXPECT_EQ(setting("client_encoding"), "UTF8");
}

TEST_F(AConnection, ReadsAUriToo) {
    PoolOptions own = options(1);
    own.dsn = "postgresql://" + word_of(dsn, "user") + "@/" + word_of(dsn, "dbname") + "?host=" + word_of(dsn, "host") +
              "&application_name=it%27s%20%5Cmine&options=-c%20work_mem%3D7MB";
    Pool pool{own};
    Lease lease = borrow(pool);

    EXPECT_EQ(lease.execute(kSetting, {"application_name"}).at(0, 0), "it's \\mine");
    EXPECT_EQ(lease.execute(kSetting, {"work_mem"}).at(0, 0), "7MB");
    EXPECT_EQ(lease.execute(kSetting, {"statement_timeout"}).at(0, 0), "10s");
}

TEST_F(AConnection, GivesTheStateOfAnErrorAndLivesOn) {
    Pool pool{options_with({kDivide})};
    Lease lease = borrow(pool);
    const std::string process = process_of(lease);

    try {
        lease.execute(kDivide, {"0"});
        FAIL() << "nothing was thrown";
    } catch (const SqlError& error) {
        EXPECT_EQ(error.sqlstate(), "22012");
        EXPECT_STREQ(error.what(), "divide: ERROR:  division by zero");
    }
    EXPECT_EQ(process_of(lease), process);
}

/// Runs it and says what came of it.
std::string outcome(Lease& lease, const Statement& statement, const Parameters& parameters) {
    try {
        lease.execute(statement, parameters);
        return "fine";
    } catch (const SqlError& error) {
        return "SqlError " + error.sqlstate();
    } catch (const InDoubt&) {
        return "InDoubt";
    } catch (const PoolExhausted&) {
        return "PoolExhausted";
    } catch (const Unavailable&) {
        return "Unavailable";
    }
}

TEST_F(AConnection, EndsAStatementThatTakesTooLongAndLivesOn) {
    PoolOptions hasty = options(1);
    hasty.statement_timeout = 50ms;
    hasty.lock_timeout = 20ms;
    Pool pool{hasty};
    Lease lease = borrow(pool);
    const std::string process = process_of(lease);

    EXPECT_EQ(outcome(lease, kSleep, {"30"}), "Unavailable");

    EXPECT_EQ(process_of(lease), process);
}

TEST_F(AConnection, EndsAWaitForALockAndLivesOn) {
    PoolOptions hasty = options_with({kLock});
    hasty.connections = 2;
    hasty.lock_timeout = 50ms;
    Pool pool{hasty};
    Lease holder = borrow(pool);
    Lease other = borrow(pool);
    holder.execute(kLock, {"20260101"});
    const std::string process = process_of(other);

    EXPECT_EQ(outcome(other, kLock, {"20260101"}), "Unavailable");

    EXPECT_EQ(process_of(other), process);
}

/// An error of the server, what it becomes, and whether the connection may be used again.
struct Translation {
    const char* sqlstate;
    const char* outcome;
    std::size_t closed_broken;
};
struct AConnectionTranslates : AConnection, testing::WithParamInterface<Translation> {};

TEST_P(AConnectionTranslates, AnErrorOfTheServer) {
    Pool pool{options_with({kChoose, kFail})};
    {
        Lease lease = borrow(pool);
        lease.execute(kChoose, {GetParam().sqlstate});

        EXPECT_EQ(outcome(lease, kFail, {}), GetParam().outcome);
    }

    EXPECT_EQ(pool.counts().closed_broken, GetParam().closed_broken);
}

INSTANTIATE_TEST_SUITE_P(
    , AConnectionTranslates,
    testing::Values(Translation{"08006", "InDoubt", 1}, Translation{"57P01", "InDoubt", 1},
                    Translation{"57P02", "InDoubt", 1}, Translation{"57P03", "InDoubt", 1},
                    Translation{"57P05", "InDoubt", 1}, Translation{"40003", "InDoubt", 0},
                    Translation{"57014", "Unavailable", 0}, Translation{"55P03", "Unavailable", 0},
                    Translation{"40000", "Unavailable", 0}, Translation{"40001", "Unavailable", 0},
                    Translation{"40P01", "Unavailable", 0}, Translation{"53000", "Unavailable", 0},
                    Translation{"53100", "Unavailable", 0}, Translation{"53200", "Unavailable", 0},
                    Translation{"53300", "Unavailable", 0}, Translation{"53400", "Unavailable", 0},
                    Translation{"25006", "Unavailable", 0}, Translation{"23505", "SqlError 23505", 0},
                    Translation{"23514", "SqlError 23514", 0}, Translation{"42501", "SqlError 42501", 0},
                    Translation{"42601", "SqlError 42601", 0}, Translation{"P0001", "SqlError P0001", 0},
                    Translation{"XX000", "SqlError XX000", 0}, Translation{"0A000", "SqlError 0A000", 1}),
    [](const auto& translation) { return std::string{translation.param.sqlstate}; });

TEST_F(AConnection, IsReplacedWhenItsStatementsAreGone) {
    Pool pool{options_with({kForget})};
    {
        Lease lease = borrow(pool);
        lease.execute(kForget, {});

        EXPECT_EQ(outcome(lease, kEcho, {"a", "b"}), "SqlError 26000");
    }

    Lease fresh = borrow(pool);
    EXPECT_EQ(outcome(fresh, kEcho, {"a", "b"}), "fine");
}

}  // namespace
}  // namespace fcgi_worker::pq
