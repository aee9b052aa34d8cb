#include "load.hpp"

#include <algorithm>
#include <exception>
#include <ostream>
#include <random>
#include <utility>

#include "api_test.hpp"

namespace api {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPaceOfTheRefused{20};  // the fault is not drowned in their questions

std::string new_name() {
    std::random_device chance;
    return "load-" + std::to_string(chance()) + "-" + std::to_string(chance());
}

}  // namespace

Load::Load(LoadOptions options) : options_(options), name_(new_name()) {
    for (std::size_t i = 0; i < kClients; ++i) clients_.emplace_back([this, i] { work(i); });
}

void Load::stop() {
    stopping_ = true;
    for (std::thread& client : clients_) {
        if (client.joinable()) client.join();
    }
}

bool Load::wait_for_created(std::size_t count, Clock::time_point since) {
    return wait([=, this] {
        const auto recent =
            std::count_if(created_.begin(), created_.end(), [since](const auto& one) { return one.second >= since; });
        return static_cast<std::size_t>(recent) >= count;
    });
}

bool Load::wait_for_refusals(std::size_t count) {
    return wait([=, this] { return refusals_ >= count; });
}

bool Load::wait(const std::function<bool()>& condition) {
    std::unique_lock lock{mutex_};
    return noted_.wait_for(lock, kPatience, condition);
}

std::vector<Load::Failure> Load::failures(const std::string& method) const {
    std::vector<Failure> found;
    std::copy_if(failures_.begin(), failures_.end(), std::back_inserter(found),
                 [&](const Failure& failure) { return failure.method == method; });
    return found;
}

std::vector<std::string> Load::differences(const std::vector<std::string>& stored_titles) const {
    std::map<std::string, int> stored;
    for (const std::string& title : stored_titles) ++stored[title];

    std::vector<std::string> found;
    for (const std::string& title : given_up_) found.push_back(title + " was not acknowledged in time");
    for (const auto& [title, at] : created_) {
        if (!stored.contains(title)) found.push_back(title + " was acknowledged and is lost");
    }
    for (const auto& [title, count] : stored) {
        if (count > 1) found.push_back(title + " is there " + std::to_string(count) + " times");
        if (!created_.contains(title)) found.push_back(title + " is there and was never acknowledged");
    }
    return found;
}

void Load::work(std::size_t client) {
    const bool keeps = options_.todos == LoadOptions::Todos::kKept;
    for (std::size_t round = 0; !stopping_ && !(keeps && round == kRounds); ++round) {
        run_round(name_ + "-" + std::to_string(client) + "-" + std::to_string(round));
        std::this_thread::sleep_for(options_.pace);
    }
}

void Load::run_round(const std::string& title) {
    const Answer created = create(title);
    if (created.status != 201) return;
    const std::string path = "/v1/todos/" + text_at(created, "/id");
    ask("GET", [&] { return get(path); });
    ask("GET", [] { return get("/v1/todos?limit=3"); });
    const std::string done = R"({"completed":true,"title":)" + quoted(title) + "}";
    ask("PUT", [&] { return put(path, done, {{"If-Match", created.header("ETag")}}); });
    if (options_.todos == LoadOptions::Todos::kRemoved) ask("DELETE", [&] { return remove(path); });
}

/// The answer that acknowledged it; another where none did in time.
Answer Load::create(const std::string& title) {
    const std::string body = R"({"title":)" + quoted(title) + "}";
    const auto end = Clock::now() + kPatience;
    for (bool is_repeat = false; Clock::now() < end; is_repeat = true) {
        if (is_repeat) ++repeats_;
        // 409: the first try is still running.
        Answer answer = ask(
            "POST",
            [&] {
                return post(kTodos, body, {{"Idempotency-Key", title}});
            },
            is_repeat ? 409 : 201);
        if (answer.status == 201) {
            const std::lock_guard lock{mutex_};
            created_.emplace(title, Clock::now());
            noted_.notify_all();
            return answer;
        }
        std::this_thread::sleep_for(kPaceOfTheRefused);
    }
    const std::lock_guard lock{mutex_};
    given_up_.push_back(title);
    return {};
}

Answer Load::ask(const std::string& method, const std::function<Answer()>& request, int also_right) {
    const Clock::time_point sent = Clock::now();
    ++requests_;
    Answer answer;
    try {
        answer = request();
    } catch (const std::exception& error) {
        answer.body = error.what();
    }
    const Clock::time_point now = Clock::now();
    const std::lock_guard lock{mutex_};
    slowest_ = std::max(slowest_, now - sent);
    if ((answer.status >= 200 && answer.status < 300) || answer.status == also_right) return answer;
    failures_.push_back({method, now, answer});
    if (answer.status == 503) ++refusals_;
    noted_.notify_all();
    return answer;
}

void PrintTo(const Load::Failure& failure, std::ostream* out) {
    *out << "\n    " << failure.method << " answered " << failure.answer.status << " " << failure.answer.body;
}

}  // namespace api
