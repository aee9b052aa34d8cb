/// What small things cost that every request needs, in processor time. One line for each: the median of the rounds, the
/// least and the most, in microseconds.
///
/// usage: bench-micro ROUNDS
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "accounts/token.hpp"
#include "base64url.hpp"
#include "crypto.hpp"

namespace {

double processor_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void measure(const char* what, int rounds, const std::function<void()>& once) {
    constexpr int kTimes = 50'000;  // some tenths of a second
    std::vector<double> results;
    for (int round = 0; round < rounds; ++round) {
        const double begin = processor_seconds();
        for (int i = 0; i < kTimes; ++i) once();
        results.push_back((processor_seconds() - begin) * 1e6 / kTimes);
    }
    std::sort(results.begin(), results.end());
    std::printf("| %s | **%.2f** | %.2f - %.2f |\n", what, results[results.size() / 2], results.front(),
                results.back());
}

/// A file with one key, for as long as it lives.
class KeysFile {
public:
    KeysFile() {
        close(mkstemp(path_.data()));
        std::ofstream{path_} << R"({"keys": [{"kty": "oct", "kid": "2026-11-26", "alg": "HS256", "k": ")"
                             << todo::to_base64url(std::string(32, 's')) << "\"}]}";
    }
    ~KeysFile() { unlink(path_.c_str()); }
    KeysFile(const KeysFile&) = delete;
    KeysFile& operator=(const KeysFile&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_ = "/tmp/bench-micro.XXXXXX";
};

void run(int rounds) {
    todo::start_crypto();
    const KeysFile file;
    const todo::Tokens tokens{{.keys_file = file.path()}};
    const todo::OwnerId owner{todo::make_uuid_v7()};
    const todo::Uuid session = todo::make_uuid_v7();
    const auto now = std::chrono::system_clock::now();
    const std::string token = tokens.sign(owner, session, now);
    measure("an access token (HS256) is verified", rounds, [&] { (void)tokens.verify(token, now); });
    measure("an access token is signed", rounds, [&] { (void)tokens.sign(owner, session, now); });
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
