#include "accounts/passwords.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <fcgi_worker/problem.hpp>

#include "crypto.hpp"
#include "text.hpp"

namespace todo {
namespace {

constexpr std::size_t kHashingThreads = 1;
constexpr std::size_t kWaiting = 4;  // the last one waits for half a second
constexpr int kNiceness = 19;        // gives way to whoever else wants the processor

/// Those of eight characters and more that lists of stolen passwords have most often, in lower case.
constexpr std::array<std::string_view, 60> kCommon{
    "00000000",  "01234567",   "0123456789",    "10203040",   "11111111",   "11223344",   "12121212",   "12341234",
    "123123123", "12344321",   "12345678",      "123456789",  "1234567890", "123456789a", "123456789q", "1234qwer",
    "123qwe123", "147258369",  "1q2w3e4r",      "1q2w3e4r5t", "1qaz2wsx",   "22222222",   "55555555",   "66666666",
    "77777777",  "87654321",   "88888888",      "987654321",  "99999999",   "a1234567",   "a12345678",  "abc12345",
    "abcd1234",  "aa123456",   "administrator", "alexander",  "asdfghjkl",  "baseball",   "changeme",   "computer",
    "football",  "iloveyou",   "internet",      "jennifer",   "letmein1",   "michelle",   "passw0rd",   "password",
    "password1", "password12", "password123",   "princess",   "q1w2e3r4",   "qwer1234",   "qwerty123",  "qwertyuiop",
    "starwars",  "sunshine",   "superman",      "trustno1"};

/// Of random bytes that nobody has kept. What is compared with it costs what a real one costs.
constexpr std::string_view kNobodysHash =
    "$argon2id$v=19$m=65536,t=2,p=1$5fw80MzEkhL7uTMEr/2ZWA$aui09rKYrY4zrkjt2dXDJ8Bp719Bpq9f9+QjBL/5Vlo";

/// What `work` returns; memory that is not there may be in a while.
template <typename Work>
auto with_memory(Work work) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        throw fcgi_worker::Unavailable{"passwords: there are no 64 MiB of memory to hash one"};
    }
}

}  // namespace

std::string complaint_about_password(std::string_view password) {
    const std::size_t length = count_code_points(password);
    if (length < kShortestPassword) {
        return "It needs " + std::to_string(kShortestPassword) + " characters or more, of any kind.";
    }
    if (length > kLongestPassword) return "It has more than " + std::to_string(kLongestPassword) + " characters.";
    if (std::find(kCommon.begin(), kCommon.end(), to_lower(password)) != kCommon.end()) {
        return "It is one of the first that a stranger would try: take another one.";
    }
    return {};
}

Passwords::Passwords(fcgi_worker::Log log)
    : threads_({.threads = kHashingThreads, .waiting = kWaiting, .niceness = kNiceness, .name = "passwords"},
               std::move(log)) {}

std::string Passwords::hash(const std::string& password, fcgi_worker::Budget budget) {
    return threads_.run([&] { return with_memory([&] { return hash_password(password); }); }, budget);
}

bool Passwords::matches(const std::optional<std::string>& hash, const std::string& password,
                        fcgi_worker::Budget budget) {
    const std::string_view against = hash ? std::string_view{*hash} : kNobodysHash;
    const bool is_same =
        threads_.run([&] { return with_memory([&] { return is_password(against, password); }); }, budget);
    return is_same && hash.has_value();
}

}  // namespace todo
