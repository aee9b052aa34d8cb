/// Where accounts are kept. The one implementation that serves is PgAccountStore; a test may have another.
///
/// Whoever is let in by a password was checked before, which takes long. So each call that depends on it takes the
/// account as it was checked, and does nothing where it is of another generation by now.
///
/// Threads: every member may be called from any thread.
/// Errors:  every member may throw fcgi_worker::Unavailable; then a write may have happened or not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fcgi_worker/deadline.hpp>

#include "accounts/account.hpp"

namespace todo {

using fcgi_worker::Budget;

/// An account with what only the service sees of it.
struct StoredAccount {
    Account account;
    std::optional<std::string> password_hash;  ///< None: of a visitor.
    bool is_blocked = false;
    std::int64_t generation = 0;  ///< Another one after each change, reset or block.
};

enum class Refresh {
    kRefreshed,
    kStolen,  ///< The token was used before. The session has ended.
    kEnded,   ///< There is no such session any more.
    kBlocked,
};

/// What a change of an account may be; none means "as it was".
struct AccountChanges {
    std::optional<std::string> email = {};
    std::optional<std::string> email_digest = {};
    std::optional<std::string> password_hash = {};
};

struct ChangeResult {
    enum class Outcome { kChanged, kTaken, kStale } outcome = Outcome::kStale;  ///< kStale: not what was checked.
    std::optional<Account> account = {};                                        ///< After kChanged.
};

/// Whose access tokens are refused: those of sessions that began by then, in milliseconds since 1970; those of another
/// issuer that were issued by then.
struct Revocation {
    OwnerId owner;
    std::int64_t until = 0;
};

class AccountStore {
public:
    virtual ~AccountStore() = default;

    /// With its first session. None: the email is taken.
    virtual std::optional<Account> create(OwnerId owner, const std::optional<Credentials>& credentials,
                                          const Session& session, Budget budget) = 0;

    [[nodiscard]] virtual std::optional<StoredAccount> find_by_email(const std::string& email_digest,
                                                                     Budget budget) = 0;
    [[nodiscard]] virtual std::optional<StoredAccount> read(OwnerId owner, Budget budget) = 0;

    /// Ends every session but `session`.
    virtual ChangeResult change(const StoredAccount& before, const AccountChanges& changes, Uuid session,
                                Budget budget) = 0;

    /// With every row of the owner. False: not what was checked.
    virtual bool remove(const StoredAccount& checked, Budget budget) = 0;

    /// False: not what was checked, or blocked.
    virtual bool start_session(const StoredAccount& checked, const Session& session, Budget budget) = 0;

    /// `next` has the session's id, and the digest of the token that is good from now on.
    virtual Refresh refresh(OwnerId owner, const std::string& token_digest, const Session& next, Budget budget) = 0;

    /// One session, or all of the owner's.
    virtual void end_session(OwnerId owner, std::optional<Uuid> session, Budget budget) = 0;

    /// Its sessions end, and whoever has its tokens is refused. False: there is no such account.
    [[nodiscard]] virtual bool block(OwnerId owner, Budget budget) = 0;
    /// Whoever has its password is let in again; tokens from before the block stay refused. False: as above.
    [[nodiscard]] virtual bool unblock(OwnerId owner, Budget budget) = 0;

    [[nodiscard]] virtual std::vector<Revocation> revocations(Budget budget) = 0;
};

}  // namespace todo
