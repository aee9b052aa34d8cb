#include "handler.hpp"

#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace bench {
namespace {

using fcgi_worker::Request;
using fcgi_worker::Response;
using fcgi_worker::pq::Pool;
using fcgi_worker::pq::Rows;
using std::chrono::milliseconds;

constexpr std::string_view kOwner = "00000000-0000-7000-8000-000000000001";
constexpr milliseconds kLongestSleep{1000};

Response json(int status, std::string body) {
    Response response;
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.body = std::move(body);
    return response;
}

Response hello() { return json(200, R"({"message":"hello","completed":false,"version":1})"); }

/// The titles in the table hold nothing that JSON would have to escape.
std::string to_json(const Rows& rows) {
    std::string text = "[";
    for (std::size_t row = 0; row < rows.size(); ++row) {
        if (row > 0) text += ',';
        text.append(R"({"id":")").append(*rows.at(row, 0));
        text.append(R"(","title":")").append(*rows.at(row, 1));
        text.append(R"(","completed":)").append(*rows.at(row, 2) == "t" ? "true" : "false");
        text.append(R"(,"version":)").append(*rows.at(row, 3)).append("}");
    }
    return text += ']';
}

Response list(Pool& pool, const Request& request) {
    try {
        return json(200, to_json(pool.acquire(request.deadline).execute(kList, {std::string{kOwner}})));
    } catch (const fcgi_worker::Unavailable& unavailable) {
        return unavailable.to_response(request.request_id);
    }
}

Response slow(const Request& request) {
    const auto query = fcgi_worker::parse_query(request.query);
    const std::string_view text = query ? query->find("ms").value_or("") : "";
    int wait = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), wait);
    const bool is_number = error == std::errc{} && end == text.data() + text.size();
    if (!is_number || wait < 0 || milliseconds{wait} > kLongestSleep) return json(400, R"({"ms":"0..1000"})");

    std::this_thread::sleep_for(milliseconds{wait});
    return hello();
}

}  // namespace

fcgi_worker::Handler make_handler(Pool* pool) {
    return [pool](const Request& request) {
        if (request.method != "GET") return json(405, "{}").with("Allow", "GET");
        if (request.path == "/hello") return pool == nullptr ? hello() : list(*pool, request);
        if (request.path == "/slow") return slow(request);
        return json(404, "{}");
    };
}

}  // namespace bench
