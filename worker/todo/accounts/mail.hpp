/// Mails, handed to a program that takes them as sendmail does: `PROGRAM -i -f FROM -- TO`, with the message on its
/// standard input. Postfix, Exim, msmtp and others have one.
///
/// Threads: functions without state; send_mail() waits for the program.
/// Errors:  send_mail() throws std::runtime_error, for the log: no mail was sent.
#pragma once

#include <chrono>
#include <string>

namespace todo {

struct MailOptions {
    std::string command = {};   ///< Absolute path; empty: this service sends no mail.
    std::string from = {};      ///< Address of the sender.
    std::string page_url = {};  ///< Where links in mails lead, with a slash at its end.
};

struct Mail {
    std::string to;       ///< An address that complaint_about_email() has nothing to say about.
    std::string subject;  ///< ASCII, one line.
    std::string text;     ///< Lines of up to 998 bytes.
};

/// Longest run of the program: it has to queue the mail, not to deliver it.
inline constexpr std::chrono::seconds kLongestMailing{10};

/// As RFC 5322 has it, with lines that end in LF, as sendmail takes them.
[[nodiscard]] std::string to_message(const Mail& mail, const std::string& from,
                                     std::chrono::system_clock::time_point now);

void send_mail(const MailOptions& options, const Mail& mail);

}  // namespace todo
