#include "accounts/account_wire.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>
#include <variant>
#include <vector>

#include "accounts/email.hpp"
#include "accounts/passwords.hpp"
#include "faults.hpp"
#include "json_object.hpp"

namespace todo {
namespace {

constexpr std::string_view kCookie = "cookie";  ///< The only member that is no text.

/// The members of an object whose values are text, by their names; and all that is wrong with it.
class TextFields {
public:
    TextFields(std::string_view body, std::initializer_list<std::string_view> names)
        : members_{parse_json_object(body)} {
        for (const JsonMember& member : members_) {
            if (std::find(names.begin(), names.end(), member.name) == names.end()) {
                complain(member.name, "There is no such field.");
            } else if (member.name == kCookie) {
                if (!std::holds_alternative<bool>(member.value)) complain(kCookie, "It must be true or false.");
            } else if (!std::holds_alternative<std::string>(member.value)) {
                complain(member.name, "It must be a string.");
            }
        }
    }

    [[nodiscard]] std::optional<std::string> find(std::string_view name) const {
        for (const JsonMember& member : members_) {
            const auto* text = std::get_if<std::string>(&member.value);
            if (member.name == name && text != nullptr) return *text;
        }
        return std::nullopt;
    }
    [[nodiscard]] TokensIn tokens_in() const {
        const bool wants_cookies = std::any_of(members_.begin(), members_.end(), [](const JsonMember& member) {
            const auto* flag = std::get_if<bool>(&member.value);
            return member.name == kCookie && flag != nullptr && *flag;
        });
        return wants_cookies ? TokensIn::kCookies : TokensIn::kBody;
    }
    [[nodiscard]] std::string require(std::string_view name) {
        if (!has(name)) complain(name, "It is required.");
        return find(name).value_or(std::string{});
    }
    [[nodiscard]] bool has(std::string_view name) const {
        return std::any_of(members_.begin(), members_.end(), [&](const auto& member) { return member.name == name; });
    }
    /// Asks `complaint` about a field that is there.
    void check(std::string_view name, std::string (*complaint)(std::string_view)) {
        const auto text = find(name);
        std::string detail = text ? complaint(*text) : std::string{};
        if (!detail.empty()) complain(name, std::move(detail));
    }
    void complain(std::string_view name, std::string detail) { faults_.add(name, std::move(detail)); }
    /// Where there was something to complain about.
    void finish() const { faults_.throw_if_any(); }

private:
    std::vector<JsonMember> members_;
    Faults faults_;
};

}  // namespace

SignUp parse_sign_up(std::string_view body) {
    TextFields fields{body, {"email", "password", kCookie}};
    if (!fields.has("email") && !fields.has("password")) {
        fields.finish();
        return {std::nullopt, fields.tokens_in()};
    }
    NewCredentials credentials{fields.require("email"), fields.require("password")};
    fields.check("email", complaint_about_email);
    fields.check("password", complaint_about_password);
    fields.finish();
    return {std::move(credentials), fields.tokens_in()};
}

Attempt parse_sign_in(std::string_view body) {
    TextFields fields{body, {"email", "password", kCookie}};
    Attempt attempt{fields.require("email"), fields.require("password"), fields.tokens_in()};
    fields.finish();
    return attempt;
}

std::optional<std::string> parse_refresh(std::string_view body) {
    TextFields fields{body, {"refresh_token"}};
    fields.finish();
    return fields.find("refresh_token");
}

AccountPatch parse_account_patch(std::string_view body) {
    TextFields fields{body, {"email", "password", "current_password"}};
    fields.check("email", complaint_about_email);
    fields.check("password", complaint_about_password);
    fields.finish();
    return {fields.find("email"), fields.find("password"), fields.find("current_password")};
}

std::optional<std::string> parse_removal(std::string_view body) {
    if (body.empty()) return std::nullopt;
    TextFields fields{body, {"password"}};
    fields.finish();
    return fields.find("password");
}

std::string parse_reset_request(std::string_view body) {
    TextFields fields{body, {"email"}};
    std::string email = fields.require("email");
    fields.check("email", complaint_about_email);
    fields.finish();
    return email;
}

Reset parse_reset(std::string_view body) {
    TextFields fields{body, {"code", "password"}};
    Reset reset{fields.require("code"), fields.require("password")};
    fields.check("password", complaint_about_password);
    fields.finish();
    return reset;
}

std::string parse_link(std::string_view body) {
    TextFields fields{body, {"code"}};
    std::string code = fields.require("code");
    fields.finish();
    return code;
}

void parse_nothing(std::string_view body) { TextFields{body, {}}.finish(); }

std::string to_json(const Account& account) {
    std::string json = R"({"id":")";
    account.owner.value.append_to(json);
    json += R"(","email":)";
    if (account.email) {
        append_json_string(json, *account.email);
    } else {
        json += "null";
    }
    json += R"(,"email_verified":)";
    json += account.email_verified ? "true" : "false";
    json += R"(,"created_at":")";
    append(json, account.created_at);
    json += "\"}";
    return json;
}

std::string to_json(const Grant& grant, const std::optional<Account>& account, TokensIn tokens_in) {
    std::string json = R"({"expires_in":)" + std::to_string(grant.expires_in.count());
    if (tokens_in == TokensIn::kBody) {
        json = R"({"access_token":")" + grant.access_token + R"(","token_type":"Bearer",)" + json.substr(1) +
               R"(,"refresh_token":")" + grant.refresh_token + '"';
    }
    if (account) json += R"(,"account":)" + to_json(*account);
    json += '}';
    return json;
}

}  // namespace todo
