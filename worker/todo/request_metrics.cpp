#include "request_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <sstream>
#include <string_view>

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

std::string method_label(const std::string& method) {
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
};

RequestMetrics::RequestMetrics() : families_(std::make_unique<Families>()) {}

RequestMetrics::~RequestMetrics() = default;

void RequestMetrics::note(const fcgi_worker::Request& request, const fcgi_worker::Response& response,
                          const fcgi_worker::TimeSpent& spent) noexcept {
    try {
        Labels labels{{"route", response.route.empty() ? "none" : std::string{response.route}},
                      {"method", method_label(request.method)}};
        families_->seconds.Add(labels, kBuckets).Observe(in_seconds(spent.in_all));
        labels.emplace("status", std::to_string(response.status));
        families_->responses.Add(labels).Increment();
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
