#include "accounts/link_mails.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

#include <fcgi_worker/problem.hpp>

namespace todo {
namespace {

/// One at a time is as many as a program needs that queues them. As many wait as are gone in ten seconds where each
/// needs a mail; most need none.
constexpr std::size_t kThreads = 1;
constexpr std::size_t kWaiting = 1000;

/// Whoever waits for a mail has asked for another one by then.
constexpr std::chrono::minutes kLongestWait{1};

constexpr std::chrono::seconds kRetryAfter{10};

/// Of one question to the database. Nobody waits for the answer.
Budget one_question() { return {fcgi_worker::deadline_after(std::chrono::seconds{5})}; }

/// Where there is no account of an email, all is done as for one that had its mail a moment ago. What is done after an
/// answer takes time from the next request, which would tell otherwise.
StoredAccount nobody() {
    StoredAccount account;
    account.account.owner = OwnerId{make_uuid_v7()};
    account.account.email = "nobody@example.org";
    return account;
}

Mail verification(const std::string& to, const std::string& link) {
    return {to, "Is this your email?",
            "Somebody gave this address to the todo service. If it was you, open this link within a day:\n\n" + link +
                "\n\nIf it was not, you need do nothing.\n"};
}

Mail password_reset(const std::string& to, const std::string& link) {
    return {to, "A new password",
            "Somebody has lost the password of your account at the todo service. If it was you, open this link within "
            "half an hour and choose another one:\n\n" +
                link + "\n\nIf it was not, you need do nothing: your password stays as it is.\n"};
}

}  // namespace

LinkMails::LinkMails(MailOptions options, AccountStore& accounts, LinkStore& links, fcgi_worker::Log log)
    : options_(std::move(options)),
      accounts_(accounts),
      links_(links),
      thread_({.threads = kThreads, .waiting = kWaiting, .name = "mail"}, std::move(log)) {}

void LinkMails::send_verification(OwnerId owner) {
    post([this, owner] {
        const auto found = accounts_.read(owner, one_question());
        if (found && !found->account.email_verified) send(*found, LinkPurpose::kVerifyEmail);
    });
}

void LinkMails::send_password_reset(const std::string& email_digest) {
    post([this, email_digest] {
        const auto found = accounts_.find_by_email(email_digest, one_question());
        send(found.value_or(nobody()), LinkPurpose::kResetPassword);
    });
}

void LinkMails::post(std::function<void()> work) {
    const auto latest = fcgi_worker::deadline_after(kLongestWait);
    auto in_time = [latest, work = std::move(work)] {
        if (fcgi_worker::Clock::now() > latest)
            throw std::runtime_error("a mail came too late: the program is too slow");
        work();
    };
    if (!thread_.post(std::move(in_time))) throw fcgi_worker::Unavailable{"too many mails wait", kRetryAfter};
}

void LinkMails::send(const StoredAccount& found, LinkPurpose purpose) {
    if (!found.account.email) return;
    const std::string& email = *found.account.email;
    const LinkCode code = make_link_code(found.account.owner);
    if (!links_.create(code, purpose, email, one_question())) return;
    // Behind the #: what follows it is sent to no server, and stands in no log.
    const bool verifies = purpose == LinkPurpose::kVerifyEmail;
    const std::string link = options_.page_url + (verifies ? "#verify-email=" : "#reset-password=") + code.text;
    send_mail(options_, verifies ? verification(email, link) : password_reset(email, link));
}

}  // namespace todo
