// One-time links in a real PostgreSQL.
#include <gmock/gmock.h>

#include <atomic>
#include <barrier>
#include <thread>

#include "accounts/email.hpp"
#include "accounts/link_store.hpp"
#include "accounts/pg_account_store.hpp"
#include "accounts/refresh_token.hpp"
#include "database_test.hpp"

namespace todo::tests {
namespace {

using State = LinkStore::State;
using enum LinkPurpose;

/// As if so many seconds had passed since the owner's links were made.
constexpr Statement kAgeLinks{"age",
                              "UPDATE one_time_link SET created_at = created_at - make_interval(secs => $2::bigint) "
                              "WHERE owner_id = $1"};

struct LinksTest : testing::Test {
    LinksTest() {
        start_crypto();
        EXPECT_TRUE(accounts.create(owner, Credentials{email, email_digest(email), kHash},
                                    {token.session, token.digest}, soon()));
    }

    StoredAccount stored() { return accounts.read(owner, soon()).value(); }
    LinkCode given_link(LinkPurpose purpose) {
        LinkCode code = make_link_code(owner);
        EXPECT_TRUE(links.create(code, purpose, email, soon()));
        return code;
    }
    /// And a second more, for the table rounds to the nearest millisecond.
    void let_pass(std::chrono::seconds time) {
        Pool admin{patient("STACK_OWNER_DSN", 1, {kAgeLinks})};
        admin.acquire(soon()).execute(kAgeLinks, {owner.value.to_string(), std::to_string(time.count() + 1)});
    }
    State state_of(const LinkCode& code, LinkPurpose purpose) { return links.state_of(code, purpose, soon()); }
    /// Of the owner's links.
    std::string count() {
        const Statement statement{"count", "SELECT count(*) FROM one_time_link WHERE owner_id = $1"};
        Pool counting{patient("STACK_WORKER_DSN", 1, {statement})};
        const Rows rows = counting.acquire(soon()).execute(statement, {owner.value.to_string()});
        return std::string{rows.at(0, 0).value()};
    }
    void change(const AccountChanges& changes) {
        EXPECT_EQ(accounts.change(stored(), changes, Uuid{}, soon()).outcome, ChangeResult::Outcome::kChanged);
    }
    Refresh refresh() {
        const RefreshToken next = make_refresh_token(owner, token.session);
        return accounts.refresh(owner, token.digest, {next.session, next.digest}, soon());
    }

    Pool pool{patient("STACK_WORKER_DSN", 8, catalogue())};
    PgAccountStore accounts{pool};
    LinkStore links{pool};
    const OwnerId owner = new_owner();
    const RefreshToken token = make_refresh_token(owner, make_uuid_v7());
    const std::string email = "ada-" + owner.value.to_string() + "@example.org";
};

TEST_F(LinksTest, VerifyAnEmailOnce) {
    const LinkCode code = given_link(kVerifyEmail);
    EXPECT_FALSE(stored().account.email_verified);
    EXPECT_TRUE(links.verify_email(code, soon()));
    EXPECT_TRUE(stored().account.email_verified);
    EXPECT_FALSE(links.verify_email(code, soon()));
}

TEST_F(LinksTest, GiveAnAccountANewPasswordOnceAndEndItsSessions) {
    const LinkCode code = given_link(kResetPassword);
    EXPECT_EQ(state_of(code, kResetPassword), State::kGood);
    EXPECT_TRUE(links.reset_password(code, kOtherHash, soon()));
    EXPECT_EQ(stored().password_hash, kOtherHash);
    EXPECT_TRUE(stored().account.email_verified) << "who has the mail reads the mailbox";
    EXPECT_EQ(refresh(), Refresh::kEnded);
    EXPECT_EQ(state_of(code, kResetPassword), State::kEnded);
    EXPECT_FALSE(links.reset_password(code, kHash, soon()));
    EXPECT_EQ(stored().password_hash, kOtherHash);
}

TEST_F(LinksTest, OfAResetRevokeTheAccessTokensOfBefore) {
    EXPECT_TRUE(links.reset_password(given_link(kResetPassword), kOtherHash, soon()));
    const auto revocations = accounts.revocations(soon());
    const auto found = std::find_if(revocations.begin(), revocations.end(),
                                    [&](const Revocation& revocation) { return revocation.owner == owner; });
    ASSERT_NE(found, revocations.end());
    EXPECT_GE(found->until, token.session.time().time_since_epoch().count());
    // The table rounds to the nearest millisecond, and an id is cut to it.
    EXPECT_LE(found->until, make_uuid_v7().time().time_since_epoch().count() + 1) << "not the sessions of after";
}

TEST_F(LinksTest, AreUsedOnceAlsoWhenAllComeAtTheSameMoment) {
    const LinkCode code = given_link(kResetPassword);
    std::barrier start{8};
    std::atomic<int> used = 0;
    std::vector<std::thread> threads;
    threads.reserve(8);
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            start.arrive_and_wait();
            if (links.reset_password(code, kOtherHash, soon())) ++used;
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(used, 1);
}

TEST_F(LinksTest, AreGoodForTheirPurposeAlone) {
    const LinkCode code = given_link(kVerifyEmail);
    EXPECT_EQ(state_of(code, kResetPassword), State::kEnded);
    EXPECT_FALSE(links.reset_password(code, kOtherHash, soon()));
    EXPECT_EQ(stored().password_hash, kHash);
    const LinkCode other = given_link(kResetPassword);
    EXPECT_FALSE(links.verify_email(other, soon()));
    EXPECT_TRUE(links.verify_email(code, soon())) << "the attempts have not used it up";
}

TEST_F(LinksTest, WithAnotherSecretAreNotGood) {
    const LinkCode code = given_link(kVerifyEmail);
    EXPECT_FALSE(links.verify_email(make_link_code(owner), soon()));
    EXPECT_FALSE(links.verify_email(make_link_code(new_owner()), soon()));
    EXPECT_TRUE(links.verify_email(code, soon()));
}

TEST_F(LinksTest, ComeOnceInAWhileAndReplaceTheOneBefore) {
    const LinkCode first = given_link(kVerifyEmail);
    EXPECT_FALSE(links.create(make_link_code(owner), kVerifyEmail, email, soon()));
    EXPECT_EQ(state_of(first, kVerifyEmail), State::kGood);
    let_pass(kBetweenMails);
    const LinkCode second = given_link(kVerifyEmail);
    EXPECT_EQ(state_of(first, kVerifyEmail), State::kEnded);
    EXPECT_EQ(state_of(second, kVerifyEmail), State::kGood);
}

TEST_F(LinksTest, EndAfterTheirTime) {
    const LinkCode reset = given_link(kResetPassword);
    let_pass(std::chrono::minutes{29});
    EXPECT_EQ(state_of(reset, kResetPassword), State::kGood);
    let_pass(std::chrono::minutes{1});
    EXPECT_EQ(state_of(reset, kResetPassword), State::kEnded);
    EXPECT_FALSE(links.reset_password(reset, kOtherHash, soon()));

    const LinkCode verification = given_link(kVerifyEmail);
    let_pass(std::chrono::hours{24});
    EXPECT_FALSE(links.verify_email(verification, soon()));
    EXPECT_EQ(stored().password_hash, kHash);
    EXPECT_FALSE(stored().account.email_verified);
}

TEST_F(LinksTest, EndWhenTheAccountChanges) {
    const LinkCode reset = given_link(kResetPassword);
    change({.password_hash = kOtherHash});
    EXPECT_EQ(state_of(reset, kResetPassword), State::kEnded);

    const LinkCode verification = given_link(kVerifyEmail);
    const std::string other = "other-" + email;
    change({.email = other, .email_digest = email_digest(other)});
    EXPECT_FALSE(links.create(make_link_code(owner), kVerifyEmail, other, soon()))
        << "a change does not let more mails out";
    EXPECT_FALSE(links.verify_email(verification, soon()));
    EXPECT_FALSE(links.create(make_link_code(owner), kVerifyEmail, email, soon())) << "it has another email by now";
    EXPECT_FALSE(stored().account.email_verified);
}

TEST_F(LinksTest, DoNothingForWhoIsBlocked) {
    const LinkCode code = given_link(kResetPassword);
    ASSERT_TRUE(accounts.block(owner, soon()));
    EXPECT_EQ(state_of(code, kResetPassword), State::kBlocked);
    EXPECT_FALSE(links.reset_password(code, kOtherHash, soon()));
    EXPECT_EQ(stored().password_hash, kHash);
    let_pass(kBetweenMails);
    EXPECT_FALSE(links.create(make_link_code(owner), kResetPassword, email, soon()));
}

TEST_F(LinksTest, AreSweptADayLater) {
    given_link(kVerifyEmail);
    let_pass(std::chrono::hours{24});
    const LinkCode young = given_link(kResetPassword);
    Pool sweeping{patient("STACK_WORKER_DSN", 1, {form_of(kLinkPurge, shards())})};
    (void)sweeping.acquire(soon()).execute(form_of(kLinkPurge, shards()), {"1000"});
    EXPECT_EQ(count(), "1");
    EXPECT_EQ(state_of(young, kResetPassword), State::kGood);
}

TEST_F(LinksTest, GoWithTheAccount) {
    const LinkCode code = given_link(kResetPassword);
    ASSERT_TRUE(accounts.remove(stored(), soon()));
    EXPECT_EQ(state_of(code, kResetPassword), State::kEnded);
    EXPECT_EQ(count(), "0");
}

}  // namespace
}  // namespace todo::tests
