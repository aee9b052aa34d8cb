/// How a process answers for itself: what a probe and a scraper see, and which slot a process gets.
#include "status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

namespace todo {
namespace {

using fcgi_worker::Request;
using fcgi_worker::Response;
using testing::HasSubstr;

/// A process with two of three connections open, that has served some requests.
struct Status : testing::Test {
    Status() {
        add_status_routes(router, {.version = "1.2.3",
                                   .threads = 24,
                                   .requests_limit = 128,
                                   .connections = 3,
                                   .server = [this] { return server; },
                                   .queue = [this] { return queue; },
                                   .pool = [this] { return pool; },
                                   .serving = [this] { return serving; },
                                   .combiners =
                                       [this] {
                                           return StatusSources::Combiners{{"create", combiner}};
                                       },
                                   .log_lines_lost = [] { return std::size_t{13}; },
                                   .requests = [] { return "# of requests\n"; }});
    }

    [[nodiscard]] Response get(const std::string& path) const {
        Request request;
        request.method = "GET";
        request.path = path;
        return router.handle(request);
    }

    bool serving = true;
    fcgi_worker::ServerCounts server{.busy_threads = 2,
                                     .at_work = 5,
                                     .requests = 40,
                                     .shed_late = 3,
                                     .shed_queued = 2,
                                     .broken_connections = 1,
                                     .accept_errors = 5,
                                     .skewed_starts = 12};
    fcgi_worker::pq::PoolCounts pool{.busy = 1,
                                     .idle = 1,
                                     .waiting = 4,
                                     .opened = 9,
                                     .closed_broken = 6,
                                     .closed_suspect = 7,
                                     .closed_expired = 8,
                                     .closed_late = 14,
                                     .failed_attempts = 10,
                                     .waits = 15,
                                     .waited = std::chrono::milliseconds{2500},
                                     .turned_away_late = 11,
                                     .turned_away_crowded = 16,
                                     .turned_away_offline = 17};
    fcgi_worker::pq::CombinerCounts combiner{.waiting = 19,
                                             .in_flight = 20,
                                             .batches = 21,
                                             .members = 22,
                                             .repeated = 23,
                                             .turned_away_late = 24,
                                             .turned_away_crowded = 25,
                                             .abandoned = 26,
                                             .misdirected = 27};
    std::optional<fcgi_worker::ListenQueue> queue{{.waiting = 18, .limit = 4096}};
    fcgi_worker::Router router;
};

TEST_F(Status, IsAliveEvenWithoutADatabase) {
    pool = {};

    EXPECT_EQ(get("/livez").status, 200);
}

TEST_F(Status, IsReadyWithOneOpenConnection) { EXPECT_EQ(get("/readyz").status, 200); }

TEST_F(Status, IsReadyWhenAllConnectionsAreBusy) {
    pool = {.busy = 3};

    EXPECT_EQ(get("/readyz").status, 200);
}

TEST_F(Status, IsNotReadyBeforeItTakesRequests) {
    serving = false;

    const auto answer = get("/readyz");

    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.body, HasSubstr("It takes no requests yet: 2 of 3 connections to PostgreSQL are open."));
    EXPECT_EQ(get("/livez").status, 200);
}

TEST_F(Status, SaysWhichDependencyIsMissing) {
    pool = {.failed_attempts = 12};

    const auto answer = get("/readyz");

    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.body, HasSubstr("None of 3 connections to PostgreSQL is open; 12 attempts"));
}

TEST_F(Status, ExplainsEachMetric) {
    const auto answer = get("/metrics");

    EXPECT_EQ(answer.headers.find("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_THAT(answer.body, HasSubstr("# HELP todo_worker_requests_total Requests that were answered.\n"
                                       "# TYPE todo_worker_requests_total counter\n"
                                       "todo_worker_requests_total 40\n"));
}

TEST_F(Status, ReportsWhatTheServerDid) {
    const auto metrics = get("/metrics").body;

    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_build_info{version=\"1.2.3\",compiler=\""));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_threads 24\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_threads_busy 2\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_requests_limit 128\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_requests_at_work 5\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_requests_shed_total{reason=\"late\"} 3\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_requests_shed_total{reason=\"queued\"} 2\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_request_starts_skewed_total 12\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_connections_broken_total 1\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_accept_errors_total 5\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_log_lines_lost_total 13\n"));
}

TEST_F(Status, ReportsTheQueueOfTheSocket) {
    EXPECT_THAT(get("/metrics").body, HasSubstr("\ntodo_worker_listen_queue 18\n"));
    EXPECT_THAT(get("/metrics").body, HasSubstr("\ntodo_worker_listen_queue_limit 4096\n"));
    queue.reset();
    EXPECT_THAT(get("/metrics").body, testing::Not(HasSubstr("listen_queue")));
}

TEST_F(Status, EndsWithTheMetricsOfRequests) {
    EXPECT_THAT(get("/metrics").body, testing::EndsWith("# of requests\n"));
}

TEST_F(Status, ReportsWhatThePoolDoes) {
    const auto metrics = get("/metrics").body;

    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_connections_limit 3\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_connections{state=\"busy\"} 1\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_connections{state=\"idle\"} 1\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_waiting 4\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_opened_total 9\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_closed_total{reason=\"broken\"} 6\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_closed_total{reason=\"suspect\"} 7\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_closed_total{reason=\"expired\"} 8\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_failed_attempts_total 10\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_closed_total{reason=\"late\"} 14\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_waits_total 15\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_wait_seconds_total 2.5\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_turned_away_total{reason=\"late\"} 11\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_turned_away_total{reason=\"crowded\"} 16\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_database_turned_away_total{reason=\"away\"} 17\n"));
}

TEST_F(Status, ReportsWhatTheCombinersDo) {
    const auto metrics = get("/metrics").body;

    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_batch_waiting{statement=\"create\"} 19\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_batches_in_flight{statement=\"create\"} 20\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_batches_total{statement=\"create\"} 21\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_batch_members_total{statement=\"create\"} 22\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_batch_members_repeated_total{statement=\"create\"} 23\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_batch_turned_away_total{statement=\"create\",reason=\"late\"} 24\n"));
    EXPECT_THAT(metrics,
                HasSubstr("\ntodo_worker_batch_turned_away_total{statement=\"create\",reason=\"crowded\"} 25\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_batch_members_abandoned_total{statement=\"create\"} 26\n"));
    EXPECT_THAT(metrics, HasSubstr("\ntodo_worker_batch_rows_misdirected_total{statement=\"create\"} 27\n"));
}

/// A directory with two slots.
struct SlotOfAProcess : testing::Test {
    ~SlotOfAProcess() override { std::filesystem::remove_all(options.directory); }

    static std::string new_directory() {
        std::string name = testing::TempDir() + "slots.XXXXXX";
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for the test");
        return name;
    }

    const StatusOptions options{.directory = new_directory(), .slots = 2};
};

TEST_F(SlotOfAProcess, IsTheLowestThatIsFree) {
    std::optional<Slot> first{std::in_place, options};
    const Slot second{options};
    EXPECT_EQ(first->number(), 0U);
    EXPECT_EQ(second.number(), 1U);

    first.reset();

    EXPECT_EQ(Slot{options}.number(), 0U);
}

TEST_F(SlotOfAProcess, IsRefusedWhenAllAreTaken) {
    const Slot first{options};
    const Slot second{options};

    EXPECT_THAT([this] { Slot{options}; }, testing::ThrowsMessage<std::runtime_error>(HasSubstr("all 2 slots")));
}

TEST_F(SlotOfAProcess, NeedsADirectoryThatExists) {
    const StatusOptions nowhere{.directory = options.directory + "/nowhere"};

    EXPECT_THAT([&] { Slot{nowhere}; },
                testing::ThrowsMessage<std::system_error>(HasSubstr("--status-dir: cannot open")));
}

}  // namespace
}  // namespace todo
