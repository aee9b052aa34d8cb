#include "accounts/email.hpp"

#include <algorithm>
#include <array>

#include "crypto.hpp"
#include "text.hpp"

namespace todo {
namespace {

constexpr std::size_t kLongestLocalPart = 64;  // RFC 5321, 4.5.3.1.1
constexpr std::size_t kLongestLabel = 63;      // RFC 1035, 2.3.4

bool is_ascii_letter_or_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

/// What RFC 5322 calls atext, and RFC 6532 adds to it.
bool is_atom_character(char c) {
    return is_ascii_letter_or_digit(c) || is_beyond_ascii(c) ||
           std::string_view{"!#$%&'*+/=?^_`{|}~-"}.find(c) != std::string_view::npos;
}

/// Whether `fits` says so of each part between dots.
template <typename Fits>
bool are_dotted(std::string_view text, Fits fits) {
    for (;;) {
        const std::size_t dot = std::min(text.find('.'), text.size());
        if (!fits(text.substr(0, dot))) return false;
        if (dot == text.size()) return true;
        text.remove_prefix(dot + 1);
    }
}

bool is_atom(std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), is_atom_character);
}

bool is_label(std::string_view part) {
    return !part.empty() && part.size() <= kLongestLabel && part.front() != '-' && part.back() != '-' &&
           std::all_of(part.begin(), part.end(),
                       [](char c) { return is_ascii_letter_or_digit(c) || is_beyond_ascii(c) || c == '-'; });
}

}  // namespace

std::string complaint_about_email(std::string_view email) {
    if (email.size() > kLongestEmail) return "It has more than " + std::to_string(kLongestEmail) + " bytes.";
    const std::size_t at = email.rfind('@');
    if (at == std::string_view::npos) return "It has no @: it is to look like ada@example.org.";
    const std::string_view local = email.substr(0, at);
    const std::string_view domain = email.substr(at + 1);
    if (has_control_character(email)) return "It has a control character in it.";
    if (local.size() > kLongestLocalPart) return "It has more than 64 bytes before the @.";
    if (!are_dotted(local, is_atom)) return "What stands before the @ is no name of a mailbox.";
    if (domain.find('.') == std::string_view::npos || !are_dotted(domain, is_label)) {
        return "What stands behind the @ is no domain: it is to look like example.org.";
    }
    return {};
}

std::string email_digest(std::string_view email) { return sha256_hex({to_lower(email)}); }

}  // namespace todo
