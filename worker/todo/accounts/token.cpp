#include "accounts/token.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "base64url.hpp"
#include "crypto.hpp"
#include "json_object.hpp"
#include "problems.hpp"

namespace todo {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

[[noreturn]] void refuse(const char* why) { throw problems::invalid_token(why); }

/// What stands before the next dot, which is taken too.
std::string_view take_part(std::string_view& rest) {
    const std::size_t dot = rest.find('.');
    if (dot == std::string_view::npos) refuse("it has no three parts");
    const std::string_view part = rest.substr(0, dot);
    rest.remove_prefix(dot + 1);
    return part;
}

JsonObject decode_object(std::string_view part) {
    const auto text = from_base64url(part);
    if (!text) refuse("a part of it is no base64url without padding");
    try {
        return parse_json_object(*text);
    } catch (const fcgi_worker::Problem&) {
        refuse("a part of it is no JSON object");
    }
}

const JsonValue* find(const JsonObject& members, std::string_view name) {
    for (const JsonMember& member : members) {
        if (member.name == name) return &member.value;
    }
    return nullptr;
}

const std::string* find_text(const JsonObject& members, std::string_view name) {
    const JsonValue* value = find(members, name);
    return value == nullptr ? nullptr : std::get_if<std::string>(value);
}

/// A moment in whole seconds since 1970, as we sign them; none where it is not there.
std::optional<system_clock::time_point> find_time(const JsonObject& claims, std::string_view name) {
    const JsonValue* value = find(claims, name);
    if (value == nullptr) return std::nullopt;
    constexpr std::int64_t kMost = std::int64_t{1} << 33;  // the year 2242: no moment that a clock could not hold
    const auto* number = std::get_if<JsonNumber>(value);
    std::int64_t count = -1;
    if (number != nullptr) {
        const char* const end = number->text.data() + number->text.size();
        const auto [rest, error] = std::from_chars(number->text.data(), end, count);
        if (error != std::errc{} || rest != end) count = -1;
    }
    if (count < 0 || count > kMost) refuse("one of its times is no whole number of seconds");
    return system_clock::time_point{seconds{count}};
}

/// aud is a text, or a list of them.
bool is_for(const JsonObject& claims, std::string_view audience) {
    if (const std::string* text = find_text(claims, "aud")) return *text == audience;
    const JsonValue* value = find(claims, "aud");
    const auto* list = value == nullptr ? nullptr : std::get_if<JsonContainer>(value);
    return list != nullptr && list->is_list_of_texts &&
           std::find(list->texts.begin(), list->texts.end(), audience) != list->texts.end();
}

bool is_from(const JsonObject& claims, std::string_view issuer) {
    const std::string* text = find_text(claims, "iss");
    return text != nullptr && *text == issuer;
}

/// Returns when it was issued.
system_clock::time_point check_times(const JsonObject& claims, system_clock::time_point now) {
    const auto end = find_time(claims, "exp");
    if (!end) refuse("it has no end");
    if (*end <= now) refuse("it has ended");
    const auto begin = find_time(claims, "nbf");
    if (begin && *begin > now) refuse("it is not good yet");
    const auto issued = find_time(claims, "iat");
    if (!issued) refuse("it does not say when it was issued");
    if (*issued > now + kClockSkew) refuse("it was issued in the future");
    return *issued;
}

/// Never all zeros: that is an id that somebody forgot to fill.
std::optional<Uuid> find_uuid(const JsonObject& claims, std::string_view name) {
    const std::string* text = find_text(claims, name);
    const auto id = text == nullptr ? std::nullopt : Uuid::parse(*text);
    return id == Uuid{} ? std::nullopt : id;
}

std::string header_of(const TokenKey& key) {
    return to_base64url(R"({"alg":"HS256","typ":"JWT","kid":")" + key.kid + "\"}");
}

}  // namespace

Tokens::Tokens(const TokenOptions& options) : Tokens(read_token_keys(options.keys_file), options) {}

Tokens::Tokens(std::vector<TokenKey> keys, const TokenOptions& options) : options_(options), keys_(std::move(keys)) {
    for (const TokenKey& key : keys_) {
        if (!key.is_own()) {
            if (options.issuer.empty() || options.audience.empty()) {
                throw std::runtime_error("--token-keys " + options.keys_file + ": key \"" + key.kid +
                                         "\" is another issuer's: say whose with --token-issuer and --token-audience");
            }
            continue;
        }
        own_headers_.emplace(header_of(key), &key);
        if (signing_key_ == nullptr) signing_key_ = &key;
    }
    if (options.issuer == kOwnIssuer) throw std::runtime_error("--token-issuer todo-worker is the service itself");
    signing_header_ = header_of(*signing_key_);
}

std::string Tokens::sign(OwnerId owner, Uuid session, system_clock::time_point now) const {
    const auto issued = std::chrono::floor<seconds>(now.time_since_epoch());
    std::string json = R"({"iss":"todo-worker","aud":"todo-worker","sub":")";
    owner.value.append_to(json);
    json += R"(","sid":")";
    session.append_to(json);
    json += R"(","iat":)" + std::to_string(issued.count()) + R"(,"exp":)" +
            std::to_string((issued + kTokenLife).count()) + '}';
    std::string token = signing_header_ + '.' + to_base64url(json);
    const std::string signature = std::get<HmacSha256>(signing_key_->key).sign(token);
    return token + '.' + to_base64url(signature);
}

const TokenKey& Tokens::key_of(std::string_view header) const {
    const auto own = own_headers_.find(header);
    if (own != own_headers_.end()) return *own->second;

    const JsonObject members = decode_object(header);
    if (find(members, "crit") != nullptr) refuse("it asks for an extension that is not known here");
    const std::string* kid = find_text(members, "kid");
    const std::string* alg = find_text(members, "alg");
    if (kid == nullptr || alg == nullptr) refuse("it does not name its key and algorithm");
    const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const TokenKey& one) { return one.kid == *kid; });
    if (key == keys_.end()) refuse("its key is not known here");
    if (key->alg != *alg) refuse("its algorithm is not that of its key");
    return *key;
}

Claims Tokens::verify(std::string_view token, system_clock::time_point now) const {
    if (token.size() > kLongestToken) refuse("it is longer than 4096 bytes");
    std::string_view rest = token;
    const std::string_view header = take_part(rest);
    const std::string_view payload = take_part(rest);
    if (rest.find('.') != std::string_view::npos) refuse("it has no three parts");
    const TokenKey& key = key_of(header);
    const auto signature = from_base64url(rest);
    if (!signature) refuse("a part of it is no base64url without padding");
    const std::string_view text = token.substr(0, header.size() + 1 + payload.size());
    if (!key.verifies(text, *signature)) refuse("its signature does not match");

    const JsonObject members = decode_object(payload);
    Claims claims = key.is_own() ? own_claims(members) : foreign_claims(members);
    claims.issued_at = check_times(members, now);
    return claims;
}

Claims Tokens::own_claims(const JsonObject& claims) const {
    if (!is_from(claims, kOwnIssuer)) refuse("it is from another issuer");
    if (!is_for(claims, kOwnIssuer)) refuse("it is for another audience");
    const auto owner = find_uuid(claims, "sub");
    if (!owner) refuse("its sub is no owner");
    const auto session = find_uuid(claims, "sid");
    if (!session) refuse("its sid is no session");
    return {.owner = OwnerId{*owner}, .session = session};
}

Claims Tokens::foreign_claims(const JsonObject& claims) const {
    constexpr std::size_t kLongestName = 255;
    if (!is_from(claims, options_.issuer)) refuse("it is from another issuer");
    if (!is_for(claims, options_.audience)) refuse("it is for another audience");
    const std::string* name = find_text(claims, options_.owner_claim);
    if (name == nullptr || name->empty() || name->size() > kLongestName) refuse("it does not say whose it is");
    const auto digest = sha256(options_.issuer + '\0' + *name);
    std::array<std::uint8_t, 16> id{};
    std::copy_n(digest.begin(), id.size(), id.begin());
    return {.owner = OwnerId{Uuid{id}}};
}

}  // namespace todo
