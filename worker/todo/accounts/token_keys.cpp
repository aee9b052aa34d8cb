#include "accounts/token_keys.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <system_error>

#include "base64url.hpp"
#include "json_object.hpp"

namespace todo {
namespace {

constexpr std::size_t kMostFileBytes = std::size_t{1} << 20;  // thousands of keys
constexpr std::size_t kLongestKid = 255;

/// Our own tokens name a key as it stands, without an escape; and what an operator reads is one line.
bool is_plain(std::string_view kid) {
    return kid.size() <= kLongestKid && std::all_of(kid.begin(), kid.end(), [](char character) {
               return character >= ' ' && character <= '~' && character != '"' && character != '\\';
           });
}

/// One key of the set, and how to speak of it.
class Jwk {
public:
    Jwk(const JsonObject& members, std::size_t number) : members_(members), name_("key " + std::to_string(number)) {}

    [[nodiscard]] TokenKey read() {
        const std::string kid = require("kid");
        if (!is_plain(kid)) fail(R"(has a kid that is not 1 to 255 characters of ASCII without " and \)");
        name_ = "key \"" + kid + "\"";
        const std::string alg = require("alg");
        try {
            return {kid, alg, material(require("kty"), alg)};
        } catch (const std::invalid_argument& error) {
            fail(std::string{"cannot be used: "} + error.what());
        }
    }

private:
    [[nodiscard]] std::variant<HmacSha256, PublicKey> material(const std::string& kty, const std::string& alg) const {
        if (kty == "oct" && alg == "HS256") return HmacSha256{require_bytes("k")};
        if (find("d") != nullptr)
            fail("has its private part (d) in it, which belongs to its issuer alone: take that out");
        if (kty == "RSA" && alg == "RS256") return PublicKey::rsa(require_bytes("n"), require_bytes("e"));
        if (kty == "EC" && alg == "ES256" && require("crv") == "P-256") {
            return PublicKey::p256(require_bytes("x"), require_bytes("y"));
        }
        fail("is neither oct with HS256, RSA with RS256, nor EC of P-256 with ES256");
    }
    [[nodiscard]] const JsonValue* find(std::string_view name) const {
        for (const JsonMember& member : members_) {
            if (member.name == name) return &member.value;
        }
        return nullptr;
    }
    [[nodiscard]] const std::string& require(std::string_view name) const {
        const JsonValue* value = find(name);
        const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
        if (text == nullptr || text->empty()) fail("has no \"" + std::string{name} + "\"");
        return *text;
    }
    [[nodiscard]] std::string require_bytes(std::string_view name) const {
        auto bytes = from_base64url(require(name));
        if (!bytes) fail("has a \"" + std::string{name} + "\" that is no base64url without padding");
        return *std::move(bytes);
    }
    [[noreturn]] void fail(const std::string& what) const { throw std::runtime_error(name_ + ' ' + what); }

    const JsonObject& members_;
    std::string name_;
};

std::string read_file(const std::string& file) {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::file_status status = fs::status(file, error);
    if (error || !fs::is_regular_file(status)) throw std::runtime_error("there is no such file");
    if ((status.permissions() & fs::perms::others_all) != fs::perms::none) {
        throw std::runtime_error("others may read or change it: chmod o= " + file);
    }
    std::ifstream stream{file, std::ios::binary};
    if (!stream) throw std::runtime_error("it cannot be opened: it has to be readable for this user");
    if (fs::file_size(file, error) > kMostFileBytes || error) throw std::runtime_error("it is longer than 1 MiB");
    return {std::istreambuf_iterator<char>{stream}, {}};
}

}  // namespace

bool TokenKey::verifies(std::string_view text, std::string_view signature) const {
    return std::visit([&](const auto& one) { return one.verifies(text, signature); }, key);
}

std::vector<TokenKey> parse_token_keys(std::string_view json) {
    std::vector<TokenKey> keys;
    std::set<std::string> names;
    for (const JsonObject& members : parse_json_objects(json, "keys")) {
        keys.push_back(Jwk{members, keys.size() + 1}.read());
        if (!names.insert(keys.back().kid).second) {
            throw std::runtime_error("two keys have the kid \"" + keys.back().kid + "\"");
        }
    }
    if (std::none_of(keys.begin(), keys.end(), [](const TokenKey& key) { return key.is_own(); })) {
        throw std::runtime_error("it has no HS256 key, with which the service signs its own tokens");
    }
    return keys;
}

std::vector<TokenKey> read_token_keys(const std::string& file) {
    try {
        return parse_token_keys(read_file(file));
    } catch (const std::runtime_error& error) {
        throw std::runtime_error("--token-keys " + file + ": " + error.what());
    }
}

}  // namespace todo
