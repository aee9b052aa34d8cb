/// The keys of access tokens. An input is a keys file.
#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "accounts/token.hpp"
#include "base64url.hpp"
#include "fuzz.hpp"

namespace fuzz {
namespace {

/// None where it is refused, with one line for the operator.
std::optional<std::vector<todo::TokenKey>> read(std::string_view json) {
    try {
        return todo::parse_token_keys(json);
    } catch (const std::runtime_error& refused) {
        const std::string_view why = refused.what();
        expect(!why.empty() && why.find('\n') == std::string_view::npos, "the operator gets one line");
        return std::nullopt;
    }
}

}  // namespace

void run(std::string_view input) {
    auto keys = read(input);
    if (!keys) return;
    const auto own = std::find_if(keys->begin(), keys->end(), [](const auto& key) { return key.is_own(); });
    expect(own != keys->end() && own->alg == "HS256", "the service has a key of its own");
    const std::string header = todo::to_base64url(R"({"alg":"HS256","typ":"JWT","kid":")" + own->kid + "\"}");

    constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'795'000'000}};
    const todo::Uuid id = *todo::Uuid::parse("0198c0de-abcd-7123-89ab-0123456789ef");
    const todo::Tokens tokens{std::move(*keys), {.issuer = "joe", .audience = "todos"}};
    const std::string token = tokens.sign(todo::OwnerId{id}, id, kNow);
    expect(token.starts_with(header + '.'), "the first of its keys signs");
    expect(tokens.verify(token, kNow).owner == todo::OwnerId{id}, "what it signs is believed");
}

}  // namespace fuzz
