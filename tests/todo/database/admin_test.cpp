// What an operator does to accounts.
#include <gmock/gmock.h>

#include <sstream>

#include "accounts/admin.hpp"
#include "accounts/email.hpp"
#include "accounts/pg_account_store.hpp"
#include "accounts/refresh_token.hpp"
#include "database_test.hpp"
#include "pg_store.hpp"

namespace todo::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Statement kAgeAccount{"age_account", R"sql(
    WITH aged AS (UPDATE session SET used_at = now() - $2::interval WHERE owner_id = $1::uuid)
    UPDATE account SET created_at = now() - $2::interval WHERE owner_id = $1::uuid)sql"};
constexpr Statement kAgeRevocation{
    "age_revocation", "UPDATE revocation SET revoked_at = now() - interval '25 hours' WHERE owner_id = $1"};

struct AdminTest : testing::Test {
    AdminTest() { start_crypto(); }

    /// What `todo-worker admin WORDS...` prints.
    static std::string admin(std::vector<const char*> words) {
        const std::string dsn = require_dsn("STACK_WORKER_DSN");
        words.insert(words.begin(), {"admin", "--database", dsn.c_str()});
        const auto parsed = parse_admin_options(static_cast<int>(words.size()), words.data());
        std::ostringstream out;
        run_admin(std::get<AdminOptions>(parsed), out);
        return out.str();
    }
    static std::string complaint(const std::vector<const char*>& words) {
        try {
            (void)admin(words);
        } catch (const std::exception& error) {
            return error.what();
        }
        return "";
    }

    RefreshToken given(OwnerId who, bool with_email) {
        RefreshToken token = make_refresh_token(who, make_uuid_v7());
        std::optional<Credentials> credentials;
        if (with_email) credentials = {email, email_digest(email), kHash};
        EXPECT_TRUE(store.create(who, credentials, {token.session, token.digest}, soon()));
        EXPECT_EQ(todos.create(who, new_id(), {.title = "a todo"}, {}, soon()).outcome, Outcome::kCreated);
        return token;
    }
    void age(OwnerId who, const char* interval) {
        schema_owner.acquire(soon()).execute(kAgeAccount, {who.value.to_string(), interval});
    }
    Refresh refresh(const RefreshToken& token) {
        const RefreshToken next = make_refresh_token(token.owner, token.session);
        return store.refresh(token.owner, token.digest, {next.session, next.digest}, soon());
    }

    Pool pool{patient("STACK_WORKER_DSN", 2, catalogue())};
    Pool schema_owner{patient("STACK_OWNER_DSN", 1, {kAgeAccount, kAgeRevocation})};
    PgStore todos{pool, {.shards = shards()}};
    PgAccountStore store{pool};
    const OwnerId owner = new_owner();
    const std::string id = owner.value.to_string();
    const std::string email = "ada-" + id + "@example.org";
};

TEST_F(AdminTest, ListsAccounts) {
    given(owner, true);
    const std::string before = id.substr(0, 13) + "-7000-8000-000000000000";  // the same moment, before any random bits
    const std::string page = admin({"list", "--after", before.c_str(), "--limit", "10000"});
    EXPECT_THAT(page, testing::StartsWith("owner\temail\tcreated\tstate\tsessions\n"));
    EXPECT_THAT(page, HasSubstr("\n" + id + '\t' + email + '\t'));
    EXPECT_THAT(page, HasSubstr("\tuser\t1\n"));
    EXPECT_THAT(admin({"list", "--after", id.c_str()}), Not(HasSubstr(id)));
}

TEST_F(AdminTest, BlocksAndUnblocksByEmailOrOwner) {
    const RefreshToken token = given(owner, true);
    EXPECT_EQ(admin({"block", email.c_str()}), id + " blocked\n");
    EXPECT_TRUE(store.read(owner, soon()).value().is_blocked);
    EXPECT_EQ(refresh(token), Refresh::kEnded);
    EXPECT_EQ(admin({"unblock", id.c_str()}), id + " unblocked\n");
    EXPECT_FALSE(store.read(owner, soon()).value().is_blocked);
}

TEST_F(AdminTest, EndsSessions) {
    const RefreshToken token = given(owner, true);
    EXPECT_EQ(admin({"end-sessions", email.c_str()}), id + " signed out everywhere\n");
    EXPECT_EQ(refresh(token), Refresh::kEnded);
    EXPECT_TRUE(store.read(owner, soon()));
}

TEST_F(AdminTest, RemovesAnAccountWithItsTodos) {
    given(owner, true);
    EXPECT_EQ(admin({"remove", email.c_str()}), id + " removed\n");
    EXPECT_FALSE(store.read(owner, soon()));
    EXPECT_TRUE(todos.list(owner, {}, soon()).empty());
}

TEST_F(AdminTest, SaysWhatItDoesNotKnow) {
    EXPECT_THAT(complaint({"block", "nobody@example.org"}), HasSubstr("no account 'nobody@example.org'"));
    EXPECT_THAT(complaint({"block", id.c_str()}), HasSubstr("no account"));
    EXPECT_NE(complaint({"block"}), "");
    EXPECT_NE(complaint({"shout"}), "");
    EXPECT_NE(complaint({}), "");
    EXPECT_NE(complaint({"list", "--limit", "0"}), "");
    EXPECT_THAT(complaint({"list", "--after", "x"}), HasSubstr("--after"));
}

TEST_F(AdminTest, SweepsVisitorsThatNobodyCanReachAnyMore) {
    const OwnerId other = new_owner();
    const OwnerId user = new_owner();
    const RefreshToken unused = given(owner, false);
    given(other, false);
    given(user, true);
    age(owner, "91 days");
    age(other, "89 days");
    age(user, "91 days");
    EXPECT_THAT(admin({"sweep"}), HasSubstr(" accounts without an email"));
    EXPECT_FALSE(store.read(owner, soon()));
    EXPECT_TRUE(todos.list(owner, {}, soon()).empty());
    EXPECT_EQ(refresh(unused), Refresh::kEnded);
    EXPECT_TRUE(store.read(other, soon()));
    EXPECT_EQ(todos.list(other, {}, soon()).size(), 1);
    EXPECT_TRUE(store.read(user, soon()));
}

TEST_F(AdminTest, SweepsAVisitorWhoWasAwayLongAgoButNotOneWhoCameBack) {
    given(owner, false);
    age(owner, "200 days");
    const RefreshToken today = make_refresh_token(owner, make_uuid_v7());
    const Statement start{"start", "INSERT INTO session VALUES ($1::uuid, $2::uuid, $3::bytea, now(), now())"};
    Pool inserting{patient("STACK_OWNER_DSN", 1, {start})};
    inserting.acquire(soon()).execute(start, {id, today.session.to_string(), "\\x" + today.digest});
    (void)admin({"sweep"});
    EXPECT_TRUE(store.read(owner, soon()));
    EXPECT_EQ(refresh(today), Refresh::kRefreshed);
}

TEST_F(AdminTest, SweepsTodosThatCameAfterTheRemoval) {
    given(owner, true);
    ASSERT_TRUE(store.remove(store.read(owner, soon()).value(), soon()));
    ASSERT_EQ(todos.create(owner, new_id(), {.title = "late"}, {}, soon()).outcome, Outcome::kCreated);
    (void)admin({"sweep"});
    EXPECT_TRUE(todos.list(owner, {}, soon()).empty());
}

TEST_F(AdminTest, SweepsRevocationsOfADayAgo) {
    given(owner, true);
    ASSERT_TRUE(store.block(owner, soon()));
    schema_owner.acquire(soon()).execute(kAgeRevocation, {id});
    EXPECT_THAT(admin({"sweep"}), HasSubstr(" revocations"));
    EXPECT_TRUE(store.read(owner, soon()).value().is_blocked);  // for as long as nobody unblocks it
}

}  // namespace
}  // namespace todo::tests
