#include "accounts/passwords.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <thread>
#include <vector>

#include <fcgi_worker/problem.hpp>

#include "crypto.hpp"

namespace todo {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

fcgi_worker::Budget soon() { return {fcgi_worker::deadline_after(std::chrono::seconds{20})}; }

TEST(Password, HasEightTo256CharactersOfAnyKind) {
    EXPECT_THAT(complaint_about_password("seven.."), HasSubstr("8"));
    EXPECT_THAT(complaint_about_password("eight..."), IsEmpty());
    EXPECT_THAT(complaint_about_password("        "), IsEmpty());
    EXPECT_THAT(complaint_about_password("ääääääää"), IsEmpty());
    EXPECT_THAT(complaint_about_password("äääääää"), HasSubstr("8"));
    EXPECT_THAT(complaint_about_password("\x01\x02\x03\x04\x05\x06\x07\x08"), IsEmpty());
    EXPECT_THAT(complaint_about_password(std::string(256, 'x')), IsEmpty());
    EXPECT_THAT(complaint_about_password(std::string(257, 'x')), HasSubstr("256"));
}

TEST(Password, IsNoneOfTheMostCommonInAnyCase) {
    for (const char* common : {"password", "Password", "12345678", "QWERTYUIOP", "iloveyou", "trustno1"}) {
        EXPECT_NE(complaint_about_password(common), "") << common;
    }
    EXPECT_THAT(complaint_about_password("password of my own"), IsEmpty());
}

struct Hashing : testing::Test {
    Hashing() { start_crypto(); }
    Passwords passwords{fcgi_worker::log_nothing};
};

TEST_F(Hashing, FindsThePasswordThatWasHashed) {
    const std::string hash = passwords.hash("correct horse", soon());
    EXPECT_THAT(hash, StartsWith("$argon2id$v=19$m=65536,"));
    EXPECT_TRUE(passwords.matches(hash, "correct horse", soon()));
    EXPECT_FALSE(passwords.matches(hash, "Correct horse", soon()));
    EXPECT_FALSE(passwords.matches(hash, "", soon()));
}

TEST_F(Hashing, SaltsEachHash) {
    EXPECT_NE(passwords.hash("correct horse", soon()), passwords.hash("correct horse", soon()));
}

TEST_F(Hashing, WithoutAHashFindsNothingAndTakesAsLong) {
    const std::string hash = passwords.hash("correct horse", soon());
    const auto time = [&](const std::optional<std::string>& given) {
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_FALSE(passwords.matches(given, "wrong horse", soon()));
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    constexpr int kRounds = 9;
    std::vector<double> ratios;
    ratios.reserve(kRounds);
    for (int round = 0; round < kRounds; ++round) ratios.push_back(time(std::nullopt) / time(hash));
    std::sort(ratios.begin(), ratios.end());
    EXPECT_NEAR(ratios[ratios.size() / 2], 1.0, 0.25);
}

TEST_F(Hashing, TurnsAwayWhoCannotWaitHere) {
    constexpr int kAtOnce = 20;
    std::vector<std::thread> threads;
    threads.reserve(kAtOnce);
    std::atomic<int> hashed = 0;
    std::atomic<int> refused = 0;
    for (int i = 0; i < kAtOnce; ++i) {
        threads.emplace_back([&] {
            try {
                (void)passwords.hash("correct horse", soon());
                ++hashed;
            } catch (const fcgi_worker::Unavailable&) {
                ++refused;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(hashed + refused, kAtOnce);
    EXPECT_GE(hashed, 5);   // one at work and four that wait
    EXPECT_GE(refused, 1);  // 20 come within the time of a few hashes
}

}  // namespace
}  // namespace todo
