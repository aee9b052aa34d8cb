#include "accounts/link_store.hpp"

#include <chrono>

#include "accounts/account_statements.hpp"
#include "pg_text.hpp"

namespace todo {
namespace {

std::string text_of(const LinkCode& code) { return code.owner.value.to_string(); }

std::string bytes(const LinkCode& code) { return "\\x" + code.digest; }

std::string name_of(LinkPurpose purpose) {
    return purpose == LinkPurpose::kVerifyEmail ? "verify-email" : "reset-password";
}

std::string seconds_of(LinkPurpose purpose) { return std::to_string(std::chrono::seconds{lifetime(purpose)}.count()); }

}  // namespace

bool LinkStore::create(const LinkCode& code, LinkPurpose purpose, const std::string& email, Budget budget) {
    const Rows rows = pool_.acquire(budget).execute(
        kLinkCreate, {text_of(code), name_of(purpose), email, bytes(code), std::to_string(kBetweenMails.count())});
    return !rows.empty();
}

LinkStore::State LinkStore::state_of(const LinkCode& code, LinkPurpose purpose, Budget budget) {
    const Rows rows =
        pool_.acquire(budget).execute(kLinkRead, {text_of(code), name_of(purpose), bytes(code), seconds_of(purpose)});
    if (rows.empty()) return State::kEnded;
    return require_text(rows, 0, 0) == "t" ? State::kBlocked : State::kGood;
}

bool LinkStore::verify_email(const LinkCode& code, Budget budget) {
    const Rows rows = pool_.acquire(budget).execute(
        kEmailVerify, {text_of(code), bytes(code), seconds_of(LinkPurpose::kVerifyEmail)});
    return require_text(rows, 0, 0) == "1";
}

bool LinkStore::reset_password(const LinkCode& code, const std::string& password_hash, Budget budget) {
    const Rows rows = pool_.acquire(budget).execute(
        kPasswordReset, {text_of(code), bytes(code), seconds_of(LinkPurpose::kResetPassword), password_hash});
    return require_text(rows, 0, 0) == "1";
}

}  // namespace todo
