// Accounts and sessions in a real PostgreSQL.
#include <gmock/gmock.h>

#include <barrier>
#include <chrono>
#include <cstdint>
#include <thread>

#include <fcgi_worker/problem.hpp>

#include "../accounts/token_text.hpp"
#include "accounts/authenticator.hpp"
#include "accounts/email.hpp"
#include "accounts/pg_account_store.hpp"
#include "accounts/refresh_token.hpp"
#include "database_test.hpp"
#include "pg_store.hpp"

namespace todo::tests {
namespace {

using testing::Optional;

struct AccountsTest : testing::Test {
    AccountsTest() { start_crypto(); }

    Credentials credentials() const { return {email, email_digest(email), kHash}; }
    static Session session_of(const RefreshToken& token) { return {token.session, token.digest}; }
    RefreshToken new_token() const { return make_refresh_token(owner, make_uuid_v7()); }

    /// With an email and a first session.
    RefreshToken given_account() {
        RefreshToken token = new_token();
        EXPECT_TRUE(store.create(owner, credentials(), session_of(token), soon()));
        return token;
    }
    StoredAccount stored() { return store.read(owner, soon()).value(); }
    Refresh refresh(const RefreshToken& token) {
        return store.refresh(owner, token.digest, session_of(make_refresh_token(owner, token.session)), soon());
    }

    Pool pool{patient("STACK_WORKER_DSN", 8, catalogue())};
    PgAccountStore store{pool};
    const OwnerId owner = new_owner();
    const std::string email = "Ada-" + owner.value.to_string() + "@example.org";
};

TEST_F(AccountsTest, AreFoundByOwnerAndByEmailInAnyCase) {
    given_account();
    EXPECT_EQ(stored().account.email, email);
    EXPECT_EQ(stored().password_hash, kHash);
    EXPECT_FALSE(stored().is_blocked);
    EXPECT_FALSE(stored().account.email_verified);
    const auto found = store.find_by_email(email_digest("ada-" + owner.value.to_string() + "@EXAMPLE.org"), soon());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->account, stored().account);
}

TEST_F(AccountsTest, OfVisitorsHaveNoEmail) {
    ASSERT_TRUE(store.create(owner, std::nullopt, session_of(new_token()), soon()));
    EXPECT_EQ(stored().account.email, std::nullopt);
    EXPECT_EQ(stored().password_hash, std::nullopt);
}

TEST_F(AccountsTest, TakeAnEmailOnce) {
    given_account();
    const OwnerId other = new_owner();
    EXPECT_FALSE(store.create(other, credentials(), session_of(make_refresh_token(other, make_uuid_v7())), soon()));
    EXPECT_FALSE(store.read(other, soon()));
}

TEST_F(AccountsTest, TakeAnEmailOnceAlsoWhenAllTryAtTheSameMoment) {
    std::barrier start{8};
    std::atomic<int> made = 0;
    std::vector<std::thread> threads;
    threads.reserve(8);
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            const OwnerId mine = new_owner();
            start.arrive_and_wait();
            if (store.create(mine, credentials(), session_of(make_refresh_token(mine, make_uuid_v7())), soon())) ++made;
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(made, 1);
}

TEST_F(AccountsTest, StartSessionsForWhoeverWasChecked) {
    given_account();
    const RefreshToken second = new_token();
    EXPECT_TRUE(store.start_session(stored(), session_of(second), soon()));
    EXPECT_EQ(refresh(second), Refresh::kRefreshed);

    StoredAccount outdated = stored();
    --outdated.generation;
    EXPECT_FALSE(store.start_session(outdated, session_of(new_token()), soon()));
}

TEST_F(AccountsTest, KeepAHundredSessionsOfOneOwner) {
    const RefreshToken first = given_account();
    RefreshToken last = first;
    for (std::size_t i = 1; i <= kMostSessions; ++i) {
        last = new_token();
        ASSERT_TRUE(store.start_session(stored(), session_of(last), soon()));
    }
    EXPECT_EQ(refresh(first), Refresh::kEnded);
    EXPECT_EQ(refresh(last), Refresh::kRefreshed);
}

TEST_F(AccountsTest, RefreshASessionWithEachTokenOnce) {
    const RefreshToken first = given_account();
    const RefreshToken second = make_refresh_token(owner, first.session);
    EXPECT_EQ(store.refresh(owner, first.digest, session_of(second), soon()), Refresh::kRefreshed);
    EXPECT_EQ(refresh(second), Refresh::kRefreshed);
}

TEST_F(AccountsTest, EndTheWholeSessionWhenATokenComesTwice) {
    const RefreshToken first = given_account();
    const RefreshToken second = make_refresh_token(owner, first.session);
    EXPECT_EQ(store.refresh(owner, first.digest, session_of(second), soon()), Refresh::kRefreshed);
    EXPECT_EQ(refresh(first), Refresh::kStolen);
    EXPECT_EQ(refresh(second), Refresh::kEnded);
}

TEST_F(AccountsTest, LetOneOfTwoThiefsInAtMostWhenBothComeAtOnce) {
    for (int round = 0; round < 20; ++round) {
        const RefreshToken token = make_refresh_token(owner, make_uuid_v7());
        if (round == 0) {
            ASSERT_TRUE(store.create(owner, credentials(), session_of(token), soon()));
        } else {
            ASSERT_TRUE(store.start_session(stored(), session_of(token), soon()));
        }
        std::barrier start{2};
        std::array<Refresh, 2> results{};
        std::vector<std::thread> threads;
        threads.reserve(results.size());
        for (Refresh& result : results) {
            threads.emplace_back([&] {
                start.arrive_and_wait();
                result = refresh(token);
            });
        }
        for (std::thread& thread : threads) thread.join();
        EXPECT_THAT(results, testing::UnorderedElementsAre(Refresh::kRefreshed, Refresh::kStolen));
    }
}

TEST_F(AccountsTest, EndOneSessionOrAll) {
    const RefreshToken first = given_account();
    const RefreshToken second = new_token();
    const RefreshToken third = new_token();
    ASSERT_TRUE(store.start_session(stored(), session_of(second), soon()));
    ASSERT_TRUE(store.start_session(stored(), session_of(third), soon()));
    store.end_session(owner, second.session, soon());
    EXPECT_EQ(refresh(second), Refresh::kEnded);
    store.end_session(owner, std::nullopt, soon());
    EXPECT_EQ(refresh(first), Refresh::kEnded);
    EXPECT_EQ(refresh(third), Refresh::kEnded);
}

TEST_F(AccountsTest, ChangeTheEmailAndFreeTheOldOne) {
    const RefreshToken token = given_account();
    const std::string next = "new-" + email;
    const ChangeResult changed =
        store.change(stored(), {.email = next, .email_digest = email_digest(next)}, token.session, soon());
    EXPECT_EQ(changed.outcome, ChangeResult::Outcome::kChanged);
    EXPECT_EQ(changed.account.value().email, next);
    EXPECT_TRUE(store.find_by_email(email_digest(next), soon()));
    EXPECT_FALSE(store.find_by_email(email_digest(email), soon()));
}

TEST_F(AccountsTest, ChangeTheCaseOfAnEmail) {
    const RefreshToken token = given_account();
    std::string upper = email;
    upper.front() = 'a';
    const ChangeResult changed =
        store.change(stored(), {.email = upper, .email_digest = email_digest(upper)}, token.session, soon());
    EXPECT_EQ(changed.outcome, ChangeResult::Outcome::kChanged);
    EXPECT_TRUE(store.find_by_email(email_digest(email), soon()));
}

TEST_F(AccountsTest, ChangeNothingWhereTheEmailIsTaken) {
    const RefreshToken token = given_account();
    const OwnerId other = new_owner();
    const std::string taken = "taken-" + email;
    ASSERT_TRUE(store.create(other, Credentials{taken, email_digest(taken), kHash},
                             session_of(make_refresh_token(other, make_uuid_v7())), soon()));
    const StoredAccount before = stored();
    EXPECT_EQ(store
                  .change(before, {.email = taken, .email_digest = email_digest(taken), .password_hash = kOtherHash},
                          token.session, soon())
                  .outcome,
              ChangeResult::Outcome::kTaken);
    EXPECT_EQ(stored().account, before.account);
    EXPECT_EQ(stored().password_hash, kHash);
    EXPECT_EQ(store.find_by_email(email_digest(taken), soon()).value().account.owner, other);
}

TEST_F(AccountsTest, EndTheOtherSessionsWithAChange) {
    const RefreshToken kept = given_account();
    const RefreshToken other = new_token();
    ASSERT_TRUE(store.start_session(stored(), session_of(other), soon()));
    EXPECT_EQ(store.change(stored(), {.password_hash = kOtherHash}, kept.session, soon()).outcome,
              ChangeResult::Outcome::kChanged);
    EXPECT_EQ(stored().password_hash, kOtherHash);
    EXPECT_EQ(refresh(other), Refresh::kEnded);
    EXPECT_EQ(refresh(kept), Refresh::kRefreshed);
}

TEST_F(AccountsTest, ChangeNothingForWhoCheckedAnOlderPassword) {
    const RefreshToken token = given_account();
    const StoredAccount outdated = stored();
    ASSERT_EQ(store.change(outdated, {.password_hash = kOtherHash}, token.session, soon()).outcome,
              ChangeResult::Outcome::kChanged);
    EXPECT_EQ(store.change(outdated, {.password_hash = kHash}, token.session, soon()).outcome,
              ChangeResult::Outcome::kStale);
    EXPECT_FALSE(store.remove(outdated, soon()));
    EXPECT_EQ(stored().password_hash, kOtherHash);
}

TEST_F(AccountsTest, FreeEachEmailAlsoWhereTwoChangesWereCheckedAtTheSameMoment) {
    const RefreshToken token = given_account();
    const StoredAccount checked = stored();
    const auto change_to = [&](const std::string& other) {
        return store.change(checked, {.email = other, .email_digest = email_digest(other)}, token.session, soon())
            .outcome;
    };
    EXPECT_EQ(change_to("b-" + email), ChangeResult::Outcome::kChanged);
    EXPECT_EQ(change_to("c-" + email), ChangeResult::Outcome::kStale);
    EXPECT_FALSE(store.remove(checked, soon()));
    EXPECT_EQ(stored().account.email, "b-" + email);
    EXPECT_FALSE(store.find_by_email(email_digest(email), soon()));
    EXPECT_FALSE(store.find_by_email(email_digest("c-" + email), soon()));
    EXPECT_TRUE(store.remove(stored(), soon()));
    EXPECT_FALSE(store.find_by_email(email_digest("b-" + email), soon()));
}

TEST_F(AccountsTest, EndASessionThatBeganWhileThePasswordChanged) {
    const RefreshToken kept = given_account();
    const StoredAccount checked = stored();
    const RefreshToken rival = new_token();
    // The change has begun, and waits for the account's lock, when the session begins: it does not see that one.
    const Statement kHold{"hold", R"sql(
        WITH held AS MATERIALIZED (SELECT FROM account WHERE owner_id = $1 FOR UPDATE) SELECT pg_sleep(1) FROM held)sql"};
    Pool holding{patient("STACK_OWNER_DSN", 1, {kHold})};
    std::thread holder{[&] { holding.acquire(soon()).execute(kHold, {owner.value.to_string()}); }};
    std::this_thread::sleep_for(std::chrono::milliseconds{300});
    std::thread change{[&] {
        EXPECT_EQ(store.change(checked, {.password_hash = kOtherHash}, kept.session, soon()).outcome,
                  ChangeResult::Outcome::kChanged);
    }};
    std::this_thread::sleep_for(std::chrono::milliseconds{300});
    EXPECT_TRUE(store.start_session(checked, session_of(rival), soon()))
        << "whose password was good when it was checked";
    holder.join();
    change.join();
    EXPECT_EQ(refresh(rival), Refresh::kEnded);
    EXPECT_EQ(refresh(kept), Refresh::kRefreshed);
}

TEST_F(AccountsTest, GiveAVisitorAnEmail) {
    const RefreshToken token = new_token();
    ASSERT_TRUE(store.create(owner, std::nullopt, session_of(token), soon()));
    const ChangeResult changed = store.change(
        stored(), {.email = email, .email_digest = email_digest(email), .password_hash = kHash}, token.session, soon());
    EXPECT_EQ(changed.outcome, ChangeResult::Outcome::kChanged);
    EXPECT_EQ(store.find_by_email(email_digest(email), soon()).value().account.owner, owner);
    EXPECT_EQ(refresh(token), Refresh::kRefreshed);
}

TEST_F(AccountsTest, RemoveEveryRowAndTellEachProcess) {
    const RefreshToken token = given_account();
    PgStore todos{pool, {.shards = shards()}};
    ASSERT_EQ(todos.create(owner, new_id(), {.title = "mine"}, WriteKey{"key", std::string(64, '0')}, soon()).outcome,
              Outcome::kCreated);
    const OwnerId other = new_owner();
    ASSERT_EQ(todos.create(other, new_id(), {.title = "not mine"}, {}, soon()).outcome, Outcome::kCreated);

    EXPECT_TRUE(store.remove(stored(), soon()));
    EXPECT_FALSE(store.read(owner, soon()));
    EXPECT_FALSE(store.find_by_email(email_digest(email), soon()));
    EXPECT_EQ(refresh(token), Refresh::kEnded);
    EXPECT_TRUE(todos.list(owner, {}, soon()).empty());
    EXPECT_EQ(todos.list(other, {}, soon()).size(), 1);
    const auto revoked = store.revocations(soon());
    EXPECT_TRUE(std::any_of(revoked.begin(), revoked.end(), [&](const auto& one) { return one.owner == owner; }));
    EXPECT_FALSE(std::any_of(revoked.begin(), revoked.end(), [&](const auto& one) { return one.owner == other; }));
}

TEST_F(AccountsTest, ThatAreBlockedLetNobodyIn) {
    const RefreshToken token = given_account();
    EXPECT_TRUE(store.block(owner, soon()));
    EXPECT_TRUE(stored().is_blocked);
    EXPECT_EQ(refresh(token), Refresh::kEnded);
    EXPECT_FALSE(store.start_session(stored(), session_of(new_token()), soon()));
    const auto revoked = store.revocations(soon());
    EXPECT_TRUE(std::any_of(revoked.begin(), revoked.end(), [&](const auto& one) { return one.owner == owner; }));
}

TEST_F(AccountsTest, ThatAreUnblockedLetTheirOwnerInAgain) {
    given_account();
    ASSERT_TRUE(store.block(owner, soon()));
    EXPECT_TRUE(store.unblock(owner, soon()));
    EXPECT_FALSE(stored().is_blocked);
    EXPECT_TRUE(store.start_session(stored(), session_of(new_token()), soon()));
}

TEST_F(AccountsTest, ThatAreUnblockedLetNoTokenInFromBeforeTheBlock) {
    given_account();
    ASSERT_TRUE(store.block(owner, soon()));
    ASSERT_TRUE(store.unblock(owner, soon()));
    const auto revoked = store.revocations(soon());
    EXPECT_TRUE(std::any_of(revoked.begin(), revoked.end(), [&](const auto& one) { return one.owner == owner; }));
}

/// Of a session whose clock ran an hour ahead when it began, and has gone back since.
TEST_F(AccountsTest, ThatAreBlockedLetNoTokenInOfASessionFromTheFuture) {
    using std::chrono::system_clock;
    given_account();
    auto bytes = make_uuid_v7().bytes();
    const auto ahead = std::chrono::floor<std::chrono::milliseconds>(system_clock::now() + std::chrono::hours{1});
    for (unsigned i = 0; i < 6; ++i) {
        bytes.at(i) = static_cast<std::uint8_t>(ahead.time_since_epoch().count() >> (8 * (5 - i)));
    }
    const Uuid session{bytes};
    ASSERT_EQ(session.time(), ahead);
    const Tokens tokens{parse_token_keys(key_set({hs256_jwk("own", kSecret)})), TokenOptions{.keys_file = "keys.json"}};
    const auto request_with = [&](system_clock::time_point issued) {
        fcgi_worker::Request request;
        request.headers.add("authorization", "Bearer " + tokens.sign(owner, session, issued));
        return request;
    };
    const auto before = system_clock::now() - std::chrono::seconds{3};
    ASSERT_TRUE(store.block(owner, soon()));
    const Revocations revocations{store, [](const auto&) {}, std::chrono::hours{1}};
    const Authenticator authenticate{tokens, revocations};

    EXPECT_THROW((void)authenticate(request_with(before)), fcgi_worker::Problem);
    EXPECT_EQ(authenticate(request_with(system_clock::now() + std::chrono::seconds{3})).owner, owner);
}

TEST_F(AccountsTest, ThatAreNotThereCannotBeBlocked) {
    EXPECT_FALSE(store.block(owner, soon()));
    EXPECT_FALSE(store.unblock(owner, soon()));
}

TEST_F(AccountsTest, LeaveTheEmailOfARemovedOneToTheNext) {
    given_account();
    ASSERT_TRUE(store.remove(stored(), soon()));
    const OwnerId next = new_owner();
    EXPECT_TRUE(store.create(next, credentials(), session_of(make_refresh_token(next, make_uuid_v7())), soon()));
}

}  // namespace
}  // namespace todo::tests
