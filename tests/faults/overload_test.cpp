/// Three times the load that the stack can carry, for a minute: what it still serves, what it says to the others and
/// how soon, what it needs for that, and when it is itself again. holding_worker stands in todo-worker's place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <future>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "open_loop.hpp"
#include "rounds.hpp"
#include "stack.hpp"
#include "usage.hpp"

namespace {

using open_loop::Clock;
using open_loop::Exchange;
using open_loop::quantile;
using open_loop::Report;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::_;
using testing::Pair;
using testing::PrintToString;
using testing::UnorderedElementsAre;
using usage::MemoryWatch;

using Kibibytes = std::vector<std::size_t>;  ///< Of some processes together, each time that they were looked at.

constexpr double kTimes = 3;                ///< What is offered, of what can be carried.
constexpr double kLight = 0.1;              ///< The same, when the overload is over.
constexpr seconds kAfterwards{8};           ///< So long.
constexpr seconds kToRecover{2};            ///< Of this, until all is as ever.
constexpr milliseconds kNormal{100};        ///< An answer under a light load takes no longer.
constexpr milliseconds kLate{20};           ///< A request that is begun no later was made on time.
constexpr std::size_t kWorkerKib = 65'536;  ///< What numbers.env counts for a worker process.
constexpr std::size_t kGrowthKib = 4'096;   ///< Between the halves of a minute: what is no leak.
constexpr std::size_t kConnectionKib = 32;  ///< What nginx holds for a connection with a request: buffers and pools.

double in_milliseconds(Clock::duration duration) { return std::chrono::duration<double, std::milli>{duration}.count(); }

std::string described(const std::vector<Clock::duration>& latencies) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(1);
    const char* between = "";
    for (const double share : {0.5, 0.99, 0.999, 1.0}) {
        text << std::exchange(between, " / ") << in_milliseconds(quantile(latencies, share));
    }
    text << " ms (half, 99 %, 99.9 %, all of them within)";
    return text.str();
}

std::size_t most(const Kibibytes& looks) { return looks.empty() ? 0 : *std::max_element(looks.begin(), looks.end()); }
Kibibytes first_half(const Kibibytes& looks) { return {looks.begin(), looks.begin() + std::ssize(looks) / 2}; }
Kibibytes second_half(const Kibibytes& looks) { return {looks.begin() + std::ssize(looks) / 2, looks.end()}; }

/// A minute, unless OVERLOAD_SECONDS says another time.
seconds duration_of_the_load() {
    const char* value = std::getenv("OVERLOAD_SECONDS");
    return seconds{value == nullptr ? 60 : std::stoi(value)};
}

/// How much of a processor each part of the stack, and this program beside it, takes between two moments.
class ProcessorWatch {
public:
    explicit ProcessorWatch(std::map<std::string, std::vector<int>> parts) : parts_(std::move(parts)) {
        for (const auto& [name, processes] : parts_) used_[name] = usage::processor_time(processes);
    }
    [[nodiscard]] std::string described() const {
        std::ostringstream text;
        const std::chrono::duration<double> time = Clock::now() - begin_;
        for (const auto& [name, processes] : parts_) {
            text << name << ' ' << std::lround(100 * (usage::processor_time(processes) - used_.at(name)) / time)
                 << " %  ";
        }
        return text.str();
    }

private:
    const std::map<std::string, std::vector<int>> parts_;
    const Clock::time_point begin_ = Clock::now();
    std::map<std::string, std::chrono::duration<double>> used_;
};

struct Overload : testing::Test {
    const std::vector<int> workers = stack::workers();
    const std::vector<int> nginx = stack::children_of(stack::process_in("nginx.pid"));
    const std::vector<int> postgresql = stack::children_of(stack::postmaster());
    const seconds duration = duration_of_the_load();

    double capacity = 0;      ///< Answers 200 a second.
    Report load;              ///< Three times that.
    Report after;             ///< A light one, which begins when the load ends.
    Kibibytes worker_memory;  ///< During the load.
    Kibibytes nginx_memory;
    std::string processors;

    static open_loop::Target target(const std::string& path) { return {.path = path, .ports = stack::ports()}; }

    /// The most that any number of clients gets out of it. With few of them one process may have less to do than the
    /// other, and some of many are refused.
    void measure_capacity(const std::string& path) {
        for (const std::size_t clients : {24U, 48U, 96U}) {
            const Report report = open_loop::saturate(target(path), clients, seconds{2});
            std::cout << "# " << clients << " clients: " << report.per_second(200) << "/s, "
                      << PrintToString(report.outcomes()) << '\n';
            capacity = std::max(capacity, report.per_second(200));
        }
    }

    void overload(const std::string& path) {
        ASSERT_EQ(workers.size(), 2U);
        capacity = 0;
        measure_capacity(path);
        ASSERT_GT(capacity, 0);

        const ProcessorWatch processor_watch{
            {{"generator", {getpid()}}, {"nginx", nginx}, {"workers", workers}, {"PostgreSQL", postgresql}}};
        MemoryWatch worker_watch{workers};
        MemoryWatch nginx_watch{nginx};
        const Clock::time_point start = Clock::now();
        auto light = std::async(std::launch::async, [&] {
            return open_loop::offer(target(path), kLight * capacity, kAfterwards, start + duration);
        });
        load = open_loop::offer(target(path), kTimes * capacity, duration, start);
        processors = processor_watch.described();
        worker_memory = worker_watch.stop();
        nginx_memory = nginx_watch.stop();
        after = light.get();
        EXPECT_EQ(stack::workers(), workers) << "a worker was restarted";
        print();
    }

    void expect_that_the_load_was_made() const {
        const double offered = kTimes * capacity * static_cast<double>(duration.count());
        EXPECT_NEAR(static_cast<double>(load.exchanges.size()), offered, offered / 100);
        EXPECT_LT(in_milliseconds(quantile(load.lateness(), 0.99)), in_milliseconds(kLate)) << "it was made too slowly";
        EXPECT_GT(load.latencies(503).size(), load.exchanges.size() * 3 / 10) << "this was no overload";
    }

    void expect_that_memory_is_bounded() const {
        const auto looks = static_cast<std::size_t>(duration / MemoryWatch::kPeriod);
        EXPECT_GE(worker_memory.size(), looks * 3 / 4);
        EXPECT_GE(nginx_memory.size(), looks * 3 / 4);
        EXPECT_LT(most(worker_memory), workers.size() * kWorkerKib);
        EXPECT_LE(most(second_half(worker_memory)), most(first_half(worker_memory)) + kGrowthKib) << "and still grows";
        EXPECT_LE(most(nginx_memory), nginx_memory.front() + open_loop::Target{}.connections * kConnectionKib);
    }

    void expect_that_it_recovers() const {
        std::vector<Clock::duration> latencies;
        std::map<int, std::size_t> statuses;
        for (const Exchange& exchange : after.exchanges) {
            if (exchange.scheduled < kToRecover) continue;
            ++statuses[exchange.status];
            latencies.push_back(exchange.latency);
        }
        EXPECT_GE(static_cast<double>(latencies.size()), kLight * capacity * 5) << "requests that would show it";
        EXPECT_THAT(statuses, UnorderedElementsAre(Pair(200, _)));
        EXPECT_LE(in_milliseconds(quantile(latencies, 0.99)), in_milliseconds(kNormal));
    }

private:
    [[nodiscard]] Clock::duration recovered_after() const {
        Clock::duration last{};
        for (const Exchange& exchange : after.exchanges) {
            if (exchange.status != 200 || exchange.latency > kNormal) last = exchange.scheduled;
        }
        return last;
    }

    void print() const {
        const auto range = [](const Kibibytes& looks) {
            return std::to_string(looks.front()) + " KiB at first, " + std::to_string(most(looks)) + " at most";
        };
        std::cout << "# capacity " << capacity << "/s; offered " << kTimes * capacity << "/s for " << duration.count()
                  << " s; goodput " << load.per_second(200) << "/s, " << 100 * load.per_second(200) / capacity << " %\n"
                  << "# answers: " << PrintToString(load.outcomes()) << '\n'
                  << "# accepted after " << described(load.latencies(200)) << '\n'
                  << "# refused after  " << described(load.latencies(503)) << '\n'
                  << "# begun late by  " << described(load.lateness()) << '\n'
                  << "# 200 in each second: " << PrintToString(load.each_second(200)) << '\n'
                  << "# memory of the workers: " << range(worker_memory) << "; of nginx: " << range(nginx_memory)
                  << '\n'
                  << "# processors: " << processors << '\n'
                  << "# normal again after " << in_milliseconds(recovered_after())
                  << " ms: " << PrintToString(after.outcomes()) << ", " << described(after.latencies(200)) << '\n';
    }
};

MATCHER(IsServedOrRefused, "has answers 200 and 503 and nothing else") {
    return testing::ExplainMatchResult(UnorderedElementsAre(Pair("200", _), Pair("503", _)), arg, result_listener);
}

TEST_F(Overload, OfTheDatabaseIsRefusedAtOnceAndCostsNoGoodput) {
    expect_in_one_of_three_rounds([this] {
        ASSERT_NO_FATAL_FAILURE(overload("/v1/hold"));

        expect_that_the_load_was_made();
        EXPECT_GE(load.per_second(200), 0.9 * capacity);
        EXPECT_LT(in_milliseconds(quantile(load.latencies(200), 0.99)), 1000) << "accepted, and then waited";
        EXPECT_LE(in_milliseconds(quantile(load.latencies(503), 0.99)), 100) << "refused, and not at once";
        EXPECT_THAT(load.outcomes(), IsServedOrRefused());
        expect_that_memory_is_bounded();
        expect_that_it_recovers();
    });
}

TEST_F(Overload, OfTheProcessorsEndsInNoErrorOfTheGateway) {
    expect_in_one_of_three_rounds([this] {
        ASSERT_NO_FATAL_FAILURE(overload("/v1/burn"));

        expect_that_the_load_was_made();
        EXPECT_THAT(load.outcomes(), IsServedOrRefused());
        expect_that_memory_is_bounded();
        expect_that_it_recovers();
    });
}

}  // namespace
