#include "load.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "../patience.hpp"
#include "api_test.hpp"

namespace api {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

SoakLoad::SoakLoad(const std::string& name) : name_{name} {
    for (std::size_t i = 0; i < kClients; ++i) clients_.emplace_back([this, i] { work(i); });
}

void SoakLoad::expect(Weather weather) {
    const std::lock_guard lock{mutex_};
    weather_ = weather;
}

bool SoakLoad::wait_for_rounds(std::size_t count) {
    std::unique_lock lock{mutex_};
    std::vector<std::size_t> goal = rounds_;
    for (std::size_t& rounds : goal) rounds += count;
    return changed_.wait_for(lock, kPatience, [&] {
        return std::equal(rounds_.begin(), rounds_.end(), goal.begin(), [](auto done, auto of) { return done >= of; });
    });
}

void SoakLoad::stop() {
    stopping_ = true;
    for (std::thread& client : clients_) {
        if (client.joinable()) client.join();
    }
}

void SoakLoad::work(std::size_t client) {
    for (std::size_t number = 0; !stopping_; ++number) {
        const Clock::time_point next = Clock::now() + kPace;
        try {
            round(client, number);
        } catch (const std::exception& error) {
            const std::lock_guard lock{mutex_};
            surprises_.emplace_back(error.what());
        }
        {
            const std::lock_guard lock{mutex_};
            ++rounds_[client];
        }
        changed_.notify_all();
        std::this_thread::sleep_until(next);
    }
}

void SoakLoad::round(std::size_t client, std::size_t number) {
    const std::string title = name_ + "-" + std::to_string(client) + "-" + std::to_string(number);
    // A port of its own for each client: its closed connections are not in the way of the others'.
    const std::string url = "http://127.0.0.1:" + std::to_string(stack::ports().at(client));
    const Headers json{{"Content-Type", "application/json"}};
    const Headers key{{"Content-Type", "application/json"}, {"Idempotency-Key", title}};

    const Answer created = create({"POST", kTodos, key, R"({"title":)" + quoted(title) + "}", url});
    const std::string path = "/v1/todos/" + text_at(created, "/id");
    {
        const std::lock_guard lock{mutex_};
        kept_.insert(title);
    }
    ask({{"GET", path, {}, {}, url}, 200});
    ask({{"PATCH", path, json, R"({"completed":true})", url}, 200});
    ask({{"GET", "/v1/todos?limit=10", {}, {}, url}, 200});
    if (number % 4 != 0) return;
    {
        const std::lock_guard lock{mutex_};
        kept_.erase(title);  // before: one that is answered 503 may have happened
    }
    ask({{"DELETE", path, {}, {}, url}, 204});
}

Answer SoakLoad::create(const Call& call) {
    const Clock::time_point end = Clock::now() + kPatience;
    bool repeated = false;
    while (Clock::now() < end) {
        Answer answer = ask({call, 201, repeated});
        if (answer.status == 201) return answer;
        repeated = true;
        std::this_thread::sleep_for(kPace);
    }
    throw std::runtime_error("never acknowledged: " + call.body.value_or(""));
}

Answer SoakLoad::ask(const Ask& ask) {
    const auto weather = [this] {
        const std::lock_guard lock{mutex_};
        return weather_;
    };
    const Weather before = weather();
    Answer answer = send(ask.call);
    const Weather worse = std::max(before, weather());

    const bool safe = ask.call.method == "GET" || ask.call.method == "DELETE";  // nginx asks once more itself
    const bool expected = answer.status == ask.status || (answer.status == 503 && worse >= Weather::kFault) ||
                          (answer.status == 502 && worse == Weather::kKill && !safe) ||
                          // The first of them is still at work.
                          (answer.status == 409 && ask.repeated && worse >= Weather::kFault);
    {
        const std::lock_guard lock{mutex_};
        ++answers_[answer.status];
    }
    if (!expected) {
        throw std::runtime_error(ask.call.method + " " + ask.call.path + " of " + name_ + ": " +
                                 testing::PrintToString(answer));
    }
    return answer;
}

}  // namespace api
