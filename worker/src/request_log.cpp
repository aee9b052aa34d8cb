#include "request_log.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace fcgi_worker {
namespace {

double in_milliseconds(Clock::duration duration) {
    return std::chrono::duration<double, std::milli>{std::max(duration, Clock::duration::zero())}.count();
}

/// What took most of the time; the rest is the handler's own work.
const char* waited_for(const TimeSpent& spent) {
    const auto handler = spent.in_all - spent.waiting_for_thread - spent.waiting_for_connection - spent.in_database;
    const std::array<std::pair<Clock::duration, const char*>, 4> parts{{{spent.waiting_for_thread, "thread"},
                                                                        {spent.waiting_for_connection, "connection"},
                                                                        {spent.in_database, "database"},
                                                                        {handler, "handler"}}};
    return std::max_element(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.first < b.first; })
        ->second;
}

LogEntry entry_of(const Request& request, const Response& response, const TimeSpent& spent) {
    LogEntry entry{LogLevel::kDebug, "request", {}};
    entry.fields.reserve(11);
    entry.fields.emplace_back("request_id", request.request_id);
    if (const auto trace = trace_id(request.headers.find("traceparent").value_or(""))) {
        entry.fields.emplace_back("trace_id", std::string{*trace});
    }
    entry.fields.emplace_back("method", request.method);
    entry.fields.emplace_back("route", std::string{response.route});
    entry.fields.emplace_back("path", request.path);
    entry.fields.emplace_back("status", response.status);
    entry.fields.emplace_back("duration_ms", in_milliseconds(spent.in_all));
    entry.fields.emplace_back("thread_wait_ms", in_milliseconds(spent.waiting_for_thread));
    entry.fields.emplace_back("connection_wait_ms", in_milliseconds(spent.waiting_for_connection));
    entry.fields.emplace_back("database_ms", in_milliseconds(spent.in_database));
    return entry;
}

}  // namespace

std::optional<std::string_view> trace_id(std::string_view traceparent) {
    constexpr std::size_t kLength = 55;  // of version 00; later ones may say more behind another hyphen
    constexpr std::string_view kHexDigits = "0123456789abcdef";
    if (traceparent.size() < kLength) return std::nullopt;
    const bool is_longer = traceparent.size() > kLength;
    if (is_longer && (traceparent.starts_with("00") || traceparent[kLength] != '-')) return std::nullopt;
    for (std::size_t i = 0; i < kLength; ++i) {
        const bool is_hyphen = i == 2 || i == 35 || i == 52;
        if (is_hyphen ? traceparent[i] != '-' : kHexDigits.find(traceparent[i]) == std::string_view::npos) {
            return std::nullopt;
        }
    }
    const std::string_view trace = traceparent.substr(3, 32);
    const std::string_view parent = traceparent.substr(36, 16);
    const auto is_zero = [](std::string_view id) { return id.find_first_not_of('0') == std::string_view::npos; };
    if (traceparent.starts_with("ff") || is_zero(trace) || is_zero(parent)) return std::nullopt;
    return trace;
}

RequestLog::RequestLog(const ServerOptions& options, const Log& log)
    : slow_(options.slow_request), sample_(options.log_sample), least_(options.log_level), log_(log) {}

bool RequestLog::is_in_sample(Clock::time_point now) {
    if (sample_ == 0) return false;
    const auto second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    if (second_.exchange(second, std::memory_order_relaxed) != second) in_second_.store(0, std::memory_order_relaxed);
    const std::size_t before = in_second_.fetch_add(1, std::memory_order_relaxed);
    return before < sample_ || before % sample_ == 0;
}

void RequestLog::note(const Request& request, const Response& response, const TimeSpent& spent, Clock::time_point now) {
    const bool is_slow = spent.in_all >= slow_;
    const LogLevel level = is_slow ? LogLevel::kWarning : is_in_sample(now) ? LogLevel::kInfo : LogLevel::kDebug;
    if (level < least_) return;
    LogEntry entry = entry_of(request, response, spent);
    entry.level = level;
    if (is_slow) {
        entry.message = "slow request";
        entry.fields.emplace_back("waited_for", waited_for(spent));
    }
    log_(entry);
}

}  // namespace fcgi_worker
