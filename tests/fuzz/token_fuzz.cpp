/// Access tokens. An input is a token; or two lines, a header and claims, which are signed here, so that what stands
/// behind the signature is reached too.
#include <chrono>
#include <optional>
#include <string>

#include <fcgi_worker/problem.hpp>

#include "accounts/signature.hpp"
#include "accounts/token.hpp"
#include "base64url.hpp"
#include "fuzz.hpp"

namespace fuzz {
namespace {

using todo::Claims;
using todo::Tokens;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'795'000'000}};
const std::string kSecret(32, 's');

/// One key of the service, and one of another issuer (RFC 7515, appendix A.3).
const Tokens& tokens() {
    static const Tokens tokens{todo::parse_token_keys(R"({"keys":[{"kty":"oct","kid":"own","alg":"HS256","k":")" +
                                                      todo::to_base64url(kSecret) +
                                                      R"("},{"kty":"EC","crv":"P-256","kid":"theirs","alg":"ES256",)"
                                                      R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                                                      R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})"),
                               {.keys_file = "", .issuer = "joe", .audience = "todos"}};
    return tokens;
}

/// None where it is refused, and then in the way that is documented.
std::optional<Claims> believed(std::string_view token, std::chrono::system_clock::time_point now = kNow) {
    try {
        return tokens().verify(token, now);
    } catch (const fcgi_worker::Problem& problem) {
        expect(problem.status() == 401 && problem.code() == "invalid-token", "a token is refused as one");
        const fcgi_worker::Response answer = problem.to_response("1");
        const auto header = answer.headers.find("WWW-Authenticate");
        expect(header && header->starts_with("Bearer error=\"invalid_token\""), "the client is told what to do");
        return std::nullopt;
    }
}

std::string signature_of(std::string_view text) { return todo::to_base64url(todo::HmacSha256{kSecret}.sign(text)); }

void expect_claims(const Claims& claims) {
    expect(claims.issued_at <= kNow + todo::kClockSkew, "a believed token was issued already");
    expect(claims.session && claims.owner.value != todo::Uuid{} && *claims.session != todo::Uuid{},
           "a token of the service names its owner and session");
    const auto again = believed(tokens().sign(claims.owner, *claims.session, kNow));
    expect(again && again->owner == claims.owner && again->session == claims.session, "a new one says the same");
}

}  // namespace

void run(std::string_view input) {
    if (input.find('\n') == std::string_view::npos) {
        const auto claims = believed(input);
        if (!claims) return;
        const std::size_t dot = input.rfind('.');
        expect(input.substr(dot + 1) == signature_of(input.substr(0, dot)), "only what the service signed is believed");
        expect_claims(*claims);
        return;
    }
    const std::string_view header = take_line(input);
    const std::string text = todo::to_base64url(header) + '.' + todo::to_base64url(input);
    const auto claims = believed(text + '.' + signature_of(text));
    if (claims) {
        expect_claims(*claims);
        expect(!believed(text + '.' + signature_of(text), std::chrono::sys_days{std::chrono::year{2243} / 1 / 1}),
               "a token ends");
    }
    expect(!believed(text + '.'), "a token without a signature is not believed");
}

}  // namespace fuzz
