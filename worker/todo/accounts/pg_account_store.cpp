#include "accounts/pg_account_store.hpp"

#include <string_view>

#include "accounts/account_statements.hpp"
#include "accounts/email.hpp"
#include "pg_text.hpp"

namespace todo {
namespace {

/// owner, email, email_verified, created_at
Account read_account(const Rows& rows, std::size_t first) {
    Account account{.owner = OwnerId{read_uuid(require_text(rows, 0, first))}};
    if (const auto email = rows.at(0, first + 1)) account.email = *email;
    account.email_verified = require_text(rows, 0, first + 2) == "t";
    account.created_at = read_timestamp(require_text(rows, 0, first + 3));
    return account;
}

std::optional<StoredAccount> read_stored(const Rows& rows) {
    if (rows.empty()) return std::nullopt;
    StoredAccount stored{
        .account = read_account(rows, 0), .password_hash = {}, .is_blocked = require_text(rows, 0, 5) == "t"};
    if (const auto hash = rows.at(0, 4)) stored.password_hash = *hash;
    stored.generation = read_number(require_text(rows, 0, 6));
    return stored;
}

/// A bytea from hexadecimal digits.
Parameter bytes(const std::optional<std::string>& hex) { return hex ? Parameter{"\\x" + *hex} : std::nullopt; }

Parameter digest_of_email(const Account& account) {
    return account.email ? bytes(email_digest(*account.email)) : std::nullopt;
}

std::string text_of(OwnerId owner) { return owner.value.to_string(); }

}  // namespace

std::optional<Account> PgAccountStore::create(OwnerId owner, const std::optional<Credentials>& credentials,
                                              const Session& session, Budget budget) {
    Parameter email;
    Parameter digest;
    Parameter password;
    if (credentials) {
        email = credentials->email;
        digest = bytes(credentials->email_digest);
        password = credentials->password_hash;
    }
    const Rows rows = pool_.acquire(budget).execute(
        kAccountCreate, {text_of(owner), email, digest, password, session.id.to_string(), bytes(session.token_digest)});
    if (rows.empty()) return std::nullopt;
    return Account{.owner = owner, .email = email, .created_at = read_timestamp(require_text(rows, 0, 0))};
}

std::optional<StoredAccount> PgAccountStore::find_by_email(const std::string& email_digest, Budget budget) {
    return read_stored(pool_.acquire(budget).execute(kAccountByEmail, {bytes(email_digest)}));
}

std::optional<StoredAccount> PgAccountStore::read(OwnerId owner, Budget budget) {
    return read_stored(pool_.acquire(budget).execute(kAccountRead, {text_of(owner)}));
}

ChangeResult PgAccountStore::change(const StoredAccount& before, const AccountChanges& changes, Uuid session,
                                    Budget budget) {
    const Rows rows = pool_.acquire(budget).execute(
        kAccountChange,
        {text_of(before.account.owner), std::to_string(before.generation), changes.email, bytes(changes.email_digest),
         digest_of_email(before.account), changes.password_hash, session.to_string()});
    const std::string_view word = require_text(rows, 0, 0);
    if (word == "changed") return {ChangeResult::Outcome::kChanged, read_account(rows, 1)};
    return {word == "taken" ? ChangeResult::Outcome::kTaken : ChangeResult::Outcome::kStale, std::nullopt};
}

bool PgAccountStore::remove(const StoredAccount& checked, Budget budget) {
    const Rows rows = pool_.acquire(budget).execute(
        kAccountRemove,
        {text_of(checked.account.owner), std::to_string(checked.generation), digest_of_email(checked.account)});
    return require_text(rows, 0, 0) == "1";
}

bool PgAccountStore::start_session(const StoredAccount& checked, const Session& session, Budget budget) {
    const Rows rows = pool_.acquire(budget).execute(
        kSessionStart, {text_of(checked.account.owner), std::to_string(checked.generation), session.id.to_string(),
                        bytes(session.token_digest), std::to_string(kMostSessions)});
    return require_text(rows, 0, 0) == "1";
}

Refresh PgAccountStore::refresh(OwnerId owner, const std::string& token_digest, const Session& next, Budget budget) {
    const Rows rows = pool_.acquire(budget).execute(
        kSessionRefresh, {text_of(owner), next.id.to_string(), bytes(token_digest), bytes(next.token_digest)});
    if (rows.empty()) return Refresh::kEnded;
    const std::string_view word = require_text(rows, 0, 0);
    if (word == "refreshed") return Refresh::kRefreshed;
    if (word == "stolen") return Refresh::kStolen;
    return word == "blocked" ? Refresh::kBlocked : Refresh::kEnded;
}

void PgAccountStore::end_session(OwnerId owner, std::optional<Uuid> session, Budget budget) {
    pool_.acquire(budget).execute(kSessionEnd,
                                  {text_of(owner), session ? Parameter{session->to_string()} : std::nullopt});
}

bool PgAccountStore::block(OwnerId owner, Budget budget) {
    return require_text(pool_.acquire(budget).execute(kAccountBlock, {text_of(owner)}), 0, 0) == "1";
}

bool PgAccountStore::unblock(OwnerId owner, Budget budget) {
    return require_text(pool_.acquire(budget).execute(kAccountUnblock, {text_of(owner)}), 0, 0) == "1";
}

std::vector<Revocation> PgAccountStore::revocations(Budget budget) {
    const Rows rows = pool_.acquire(budget).execute(kRevokedOwners, {});
    std::vector<Revocation> revocations;
    revocations.reserve(rows.size());
    for (std::size_t row = 0; row < rows.size(); ++row) {
        revocations.push_back({.owner = OwnerId{read_uuid(require_text(rows, row, 0))},
                               .until = read_number(require_text(rows, row, 1))});
    }
    return revocations;
}

}  // namespace todo
