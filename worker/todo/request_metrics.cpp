#include "request_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <sstream>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace todo {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;
using prometheus::Labels;

constexpr std::array<std::string_view, 7> kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

/// In seconds. Around a millisecond is an idle service, below half a second what people do not mind; beyond lie the
/// time-outs: half a second for a connection, one for a lock, two for a statement, five for the request.
const Histogram::BucketBoundaries kBuckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5};

std::string_view method_label(std::string_view method) {
    return std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end() ? "other" : method;
}

double in_seconds(fcgi_worker::Clock::duration duration) { return std::chrono::duration<double>{duration}.count(); }

}  // namespace

struct RequestMetrics::Families {
    prometheus::Registry registry;
    Family<Counter>& responses =
        prometheus::BuildCounter().Name("todo_worker_responses_total").Help("Answers.").Register(registry);
    Family<Histogram>& seconds =
        prometheus::BuildHistogram()
            .Name("todo_worker_response_seconds")
            .Help("Time from a request's arrival at the web server to its answer, with all that it waited for.")
            .Register(registry);
    Histogram& thread_wait = prometheus::BuildHistogram()
                                 .Name("todo_worker_thread_wait_seconds")
                                 .Help("Time from a request's arrival at the web server until a thread took it.")
                                 .Register(registry)
                                 .Add({}, kBuckets);

    /// What an answer is counted in.
    struct Series {
        Counter& responses;
        Histogram& seconds;
    };
    /// The library makes text of all labels, and hashes it, whenever it is asked: here each is asked for once.
    const Series& series(std::string_view route, std::string_view method, int status) {
        std::string name{route};
        name.append(" ").append(method).append(" ").append(std::to_string(status));
        const std::lock_guard lock{mutex};
        const auto known = all_series.find(name);
        if (known != all_series.end()) return known->second;
        Labels labels{{"route", std::string{route}}, {"method", std::string{method}}};
        Histogram& histogram = seconds.Add(labels, kBuckets);
        labels.emplace("status", std::to_string(status));
        return all_series.emplace(std::move(name), Series{responses.Add(labels), histogram}).first->second;
    }

    std::mutex mutex;
    std::unordered_map<std::string, Series> all_series;  ///< By route, method and status.
};

RequestMetrics::RequestMetrics() : families_(std::make_unique<Families>()) {}

RequestMetrics::~RequestMetrics() = default;

void RequestMetrics::note(const fcgi_worker::Request& request, const fcgi_worker::Response& response,
                          const fcgi_worker::TimeSpent& spent) noexcept {
    try {
        const auto& [responses, seconds] = families_->series(response.route.empty() ? "none" : response.route,
                                                             method_label(request.method), response.status);
        responses.Increment();
        seconds.Observe(in_seconds(spent.in_all));
        families_->thread_wait.Observe(in_seconds(spent.waiting_for_thread));
    } catch (const std::exception&) {  // no memory for a new label
    }
}

std::string RequestMetrics::text() const {
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, families_->registry.Collect());
    return out.str();
}

}  // namespace todo
