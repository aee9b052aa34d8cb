/// Counts of answers: what a scraper sees of each route.
#include "request_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace todo {
namespace {

using fcgi_worker::TimeSpent;
using std::chrono::milliseconds;
using testing::HasSubstr;

struct MetricsOfRequests : testing::Test {
    void note(const std::string& method, int status, std::string_view route, const TimeSpent& spent = {}) {
        fcgi_worker::Request request;
        request.method = method;
        fcgi_worker::Response response;
        response.status = status;
        response.route = route;
        metrics.note(request, response, spent);
    }

    RequestMetrics metrics;
};

TEST_F(MetricsOfRequests, CountAnswersByRouteMethodAndStatus) {
    note("GET", 200, "/v1/todos");
    note("GET", 200, "/v1/todos");
    note("GET", 404, "/v1/todos/{id}");

    const std::string text = metrics.text();

    EXPECT_THAT(text, HasSubstr("# TYPE todo_worker_responses_total counter\n"));
    EXPECT_THAT(text, HasSubstr(R"(todo_worker_responses_total{method="GET",route="/v1/todos",status="200"} 2)"));
    EXPECT_THAT(text, HasSubstr(R"(todo_worker_responses_total{method="GET",route="/v1/todos/{id}",status="404"} 1)"));
}

TEST_F(MetricsOfRequests, HaveNoMoreLabelsThanTheServiceHasRoutesWhateverIsSent) {
    for (int i = 0; i < 100; ++i) note("BREW" + std::to_string(i), 404, "");

    EXPECT_THAT(metrics.text(), HasSubstr(R"({method="other",route="none",status="404"} 100)"));
}

TEST_F(MetricsOfRequests, PutTheTimeOfAnAnswerIntoABucket) {
    note("GET", 200, "/v1/todos", {.waiting_for_thread = milliseconds{3}, .in_all = milliseconds{20}});

    const std::string text = metrics.text();

    const std::string bucket = R"(todo_worker_response_seconds_bucket{method="GET",route="/v1/todos",le=)";
    EXPECT_THAT(text, HasSubstr(bucket + R"("0.01"} 0)"));
    EXPECT_THAT(text, HasSubstr(bucket + R"("0.025"} 1)"));
    EXPECT_THAT(text, HasSubstr(R"(todo_worker_response_seconds_sum{method="GET",route="/v1/todos"} 0.02)"));
    EXPECT_THAT(text, HasSubstr(R"(todo_worker_thread_wait_seconds_bucket{le="0.0025"} 0)"));
    EXPECT_THAT(text, HasSubstr(R"(todo_worker_thread_wait_seconds_bucket{le="0.005"} 1)"));
}

TEST_F(MetricsOfRequests, LoseNoCountOfSeveralThreads) {
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([this] {
            for (int i = 0; i < 1000; ++i) note("POST", 201, "/v1/todos");
        });
    }
    for (auto& thread : threads) thread.join();

    EXPECT_THAT(metrics.text(), HasSubstr(R"({method="POST",route="/v1/todos",status="201"} 4000)"));
}

}  // namespace
}  // namespace todo
