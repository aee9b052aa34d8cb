/// What small things cost that every request needs, in processor time. One line for each: the median of the rounds, the
/// least and the most, in microseconds.
///
/// usage: bench-micro ROUNDS
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/token.hpp"
#include "crypto.hpp"
#include "token_text.hpp"

namespace {

double processor_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void measure(const char* what, int rounds, int times, const std::function<void()>& once) {
    std::vector<double> results;
    for (int round = 0; round < rounds; ++round) {
        const double begin = processor_seconds();
        for (int i = 0; i < times; ++i) once();
        results.push_back((processor_seconds() - begin) * 1e6 / times);
    }
    std::sort(results.begin(), results.end());
    std::printf("| %s | **%.2f** | %.2f - %.2f |\n", what, results[results.size() / 2], results.front(),
                results.back());
}

void run(int rounds) {
    constexpr int kMany = 50'000;  // some tenths of a second
    constexpr int kSome = 5'000;
    todo::start_crypto();
    const todo::ForeignKey rsa = todo::ForeignKey::rsa();
    const todo::ForeignKey ec = todo::ForeignKey::ec();
    const todo::Tokens tokens{todo::parse_token_keys(todo::key_set(
                                  {todo::hs256_jwk("2026-11-26", todo::kSecret), rsa.jwk("rsa"), ec.jwk("ec")})),
                              {.issuer = "https://issuer.example", .audience = "todos"}};
    const todo::OwnerId owner{todo::make_uuid_v7()};
    const todo::Uuid session = todo::make_uuid_v7();
    constexpr std::chrono::sys_seconds kNow{std::chrono::seconds{1'795'000'000}};
    const std::string claims =
        R"({"iss":"https://issuer.example","aud":["todos"],"sub":"auth|5f7c8ec7c33c6c004bbafe82",)"
        R"("iat":1795000000,"exp":1795000900,"scope":"openid profile email"})";
    const std::string hs256 = tokens.sign(owner, session, kNow);
    const std::string rs256 = rsa.token(R"({"alg":"RS256","typ":"JWT","kid":"rsa"})", claims);
    const std::string es256 = ec.token(R"({"alg":"ES256","typ":"JWT","kid":"ec"})", claims);
    measure("an access token (HS256) is verified", rounds, kMany, [&] { (void)tokens.verify(hs256, kNow); });
    measure("an access token is signed", rounds, kMany, [&] { (void)tokens.sign(owner, session, kNow); });
    measure("another issuer's (RS256) is verified", rounds, kSome, [&] { (void)tokens.verify(rs256, kNow); });
    measure("another issuer's (ES256) is verified", rounds, kSome, [&] { (void)tokens.verify(es256, kNow); });
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const std::string_view text = argc == 2 ? argv[1] : "";
        int rounds = 0;
        const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), rounds);
        if (error != std::errc{} || rest != text.data() + text.size() || rounds < 1) {
            std::cerr << "usage: bench-micro ROUNDS\n";
            return 2;
        }
        run(rounds);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench-micro: " << error.what() << '\n';
        return 1;
    }
}
