#include "accounts/mail.hpp"

#include <array>
#include <ctime>

#include "program.hpp"
#include "uuid.hpp"

namespace todo {
namespace {

/// "Thu, 26 Nov 2026 09:30:00 +0000"
std::string date_of(std::chrono::system_clock::time_point time) {
    constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> rest{};  // by hand where the names of days would be those of a locale
    std::strftime(rest.data(), rest.size(), " %Y %H:%M:%S +0000", &parts);
    return std::string{kDays.at(static_cast<std::size_t>(parts.tm_wday))} + ", " + std::to_string(parts.tm_mday) + " " +
           kMonths.at(static_cast<std::size_t>(parts.tm_mon)) + rest.data();
}

}  // namespace

std::string to_message(const Mail& mail, const std::string& from, std::chrono::system_clock::time_point now) {
    return "From: " + from + "\nTo: " + mail.to + "\nSubject: " + mail.subject + "\nDate: " + date_of(now) +
           "\nMessage-ID: <" + make_uuid_v7().to_string() + from.substr(from.rfind('@')) + ">" +
           "\nAuto-Submitted: auto-generated"  // RFC 3834: nobody's absence is to be answered
           "\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" +
           mail.text;
}

void send_mail(const MailOptions& options, const Mail& mail) {
    run_program({options.command, "-i", "-f", options.from, "--", mail.to},
                to_message(mail, options.from, std::chrono::system_clock::now()), kLongestMailing);
}

}  // namespace todo
