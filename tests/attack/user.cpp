#include "user.hpp"

#include <httplib.h>

#include <algorithm>

#include "client.hpp"
#include "json.hpp"
#include "stack.hpp"

namespace api {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// One connection, and the moments at which a request is due on it.
class User::Client {
public:
    Client(User& user, milliseconds offset) : user_{user}, http_{stack::url()}, due_{Clock::now() + offset} {
        http_.set_keep_alive(true);
        http_.set_read_timeout(15);
        http_.set_tcp_nodelay(true);
    }

    /// Waits for its moment. The body; empty where the answer is another than it should be.
    std::string expect(int status, const std::string& method, const std::string& path, const std::string& body = {}) {
        std::this_thread::sleep_until(due_);
        httplib::Request request;
        request.method = method;
        request.path = path;
        request.body = body;
        request.set_header("Authorization", authorization_);
        if (!body.empty()) request.set_header("Content-Type", "application/json");
        const httplib::Result result = http_.send(request);
        const auto wait = std::chrono::duration_cast<microseconds>(Clock::now() - due_);
        due_ += kPace;

        const bool expected = result && result->status == status;
        const std::lock_guard lock{user_.mutex_};
        user_.waits_.push_back(wait);
        if (expected) return result->body;
        user_.failures_.push_back(method + " " + path + ": " +
                                  (result ? std::to_string(result->status) + " " + result->body.substr(0, 300)
                                          : httplib::to_string(result.error())));
        return {};
    }

private:
    User& user_;
    httplib::Client http_;
    const std::string authorization_ = authorization();
    Clock::time_point due_;
};

User::User() {
    for (int i = 0; i < kClients; ++i) clients_.emplace_back([this, i] { work(i * kPace / kClients); });
}

void User::stop() {
    stopping_ = true;
    for (std::thread& client : clients_) {
        if (client.joinable()) client.join();
    }
}

std::vector<microseconds> User::waits() const {
    std::vector<microseconds> sorted = waits_;
    std::sort(sorted.begin(), sorted.end());
    return sorted;
}

void User::work(milliseconds offset) {
    Client client{*this, offset};
    while (!stopping_) {
        const std::string created = client.expect(201, "POST", "/v1/todos", R"({"title":"as every day"})");
        if (created.empty()) continue;
        const std::string path = "/v1/todos/" + text_at(Answer{.status = 201, .headers = {}, .body = created}, "/id");
        client.expect(200, "GET", path);
        client.expect(200, "GET", "/v1/todos?limit=10");
        client.expect(204, "DELETE", path);
    }
}

}  // namespace api
