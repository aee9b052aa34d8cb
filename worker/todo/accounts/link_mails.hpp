/// Sends one-time links, some time after it was asked to: neither the answer nor its time says whether a mail went out.
///
/// A mail that fails is logged; whoever waits for it asks again after kBetweenMails.
///
/// Threads: every member may be called from any thread. Its own looks up accounts and runs the program.
/// Errors:  fcgi_worker::Unavailable: too many mails wait.
#pragma once

#include <functional>
#include <string>

#include <fcgi_worker/log.hpp>
#include <fcgi_worker/offload.hpp>

#include "accounts/account_store.hpp"
#include "accounts/link_store.hpp"
#include "accounts/mail.hpp"

namespace todo {

class LinkMails {
public:
    /// The stores outlive it.
    LinkMails(MailOptions options, AccountStore& accounts, LinkStore& links, fcgi_worker::Log log);

    /// Where the account has an email that is not verified.
    void send_verification(OwnerId owner);

    /// Where there is an account of this email.
    void send_password_reset(const std::string& email_digest);

    [[nodiscard]] fcgi_worker::OffloadCounts counts() const { return thread_.counts(); }

private:
    void post(std::function<void()> work);
    void send(const StoredAccount& found, LinkPurpose purpose);

    const MailOptions options_;
    AccountStore& accounts_;
    LinkStore& links_;
    fcgi_worker::Offload thread_;
};

}  // namespace todo
