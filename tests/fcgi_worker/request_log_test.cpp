/// The line that a request has in the log: which requests get one, and what it says.
#include "request_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace fcgi_worker {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kTrace = "0af7651916cd43dd8448eb211c80319c";

struct ALogOfRequests : testing::Test {
    void note(const TimeSpent& spent = {}) { RequestLog{options, log}.note(request, response, spent, Clock::now()); }
    [[nodiscard]] auto count(LogLevel level) const {
        return std::count_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.level == level; });
    }

    ServerOptions options;
    Request request = [] {
        Request asked;
        asked.method = "GET";
        asked.path = "/v1/todos/7";
        asked.request_id = "r1";
        return asked;
    }();
    Response response = [] {
        Response answer;
        answer.status = 404;
        answer.route = "/v1/todos/{id}";
        return answer;
    }();
    std::vector<LogEntry> entries;
    Log log = [this](const LogEntry& entry) { entries.push_back(entry); };
};

TEST_F(ALogOfRequests, SaysWhatWasAskedAndWhereTheTimeWent) {
    request.headers.add("traceparent", std::string("00-") + kTrace + "-b7ad6b7169203331-01");

    note({.waiting_for_thread = milliseconds{1},
          .waiting_for_connection = milliseconds{2},
          .in_database = std::chrono::microseconds{3456},
          .in_all = milliseconds{8}});

    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries.front().text(),
              "request request_id=r1 trace_id=0af7651916cd43dd8448eb211c80319c method=GET route=/v1/todos/{id} "
              "path=/v1/todos/7 status=404 duration_ms=8.000 thread_wait_ms=1.000 connection_wait_ms=2.000 "
              "database_ms=3.456");
    EXPECT_EQ(entries.front().level, LogLevel::kInfo);
}

TEST_F(ALogOfRequests, WarnsOfASlowOneAndSaysWhatItWaitedFor) {
    options.log_sample = 0;
    note({.waiting_for_connection = milliseconds{700}, .in_database = milliseconds{200}, .in_all = milliseconds{1000}});

    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries.front().level, LogLevel::kWarning);
    EXPECT_THAT(entries.front().text(), testing::StartsWith("slow request"));
    EXPECT_THAT(entries.front().text(), HasSubstr("waited_for=connection"));
}

TEST_F(ALogOfRequests, NamesTheHandlerWhereNothingWasWaitedFor) {
    note({.waiting_for_thread = milliseconds{400}, .in_all = milliseconds{1000}});

    EXPECT_THAT(entries.front().text(), HasSubstr("waited_for=handler"));
}

TEST_F(ALogOfRequests, WritesTheFirstOfEachSecondAndThenOneOfMany) {
    options.log_level = LogLevel::kInfo;
    options.log_sample = 10;
    RequestLog requests{options, log};

    for (const auto second : {std::chrono::seconds{1}, std::chrono::seconds{2}}) {
        entries.clear();
        for (int i = 0; i < 100; ++i) {
            requests.note(request, response, {}, Clock::time_point{second + std::chrono::milliseconds{10 * i}});
        }
        EXPECT_EQ(entries.size(), 19U) << "the first 10, and 10, 20, 30, ... 90";
    }
}

TEST_F(ALogOfRequests, WritesAllOfThemWhenAskedTo) {
    options.log_level = LogLevel::kInfo;
    options.log_sample = 1;
    RequestLog requests{options, log};

    for (int i = 0; i < 1000; ++i) requests.note(request, response, {}, Clock::now());

    EXPECT_EQ(count(LogLevel::kInfo), 1000);
}

TEST_F(ALogOfRequests, WritesNoneWhenAskedToAndTheOthersForDebugging) {
    options.log_sample = 0;
    note();
    EXPECT_EQ(count(LogLevel::kDebug), 1);

    options.log_level = LogLevel::kInfo;
    note();
    EXPECT_EQ(entries.size(), 1U);
}

TEST(TraceId, IsTakenFromAWellFormedHeader) {
    EXPECT_EQ(trace_id(std::string("00-") + kTrace + "-b7ad6b7169203331-01"), kTrace);
    EXPECT_EQ(trace_id(std::string("cc-") + kTrace + "-b7ad6b7169203331-01-what-the-future-brings"), kTrace);
}

TEST(TraceId, IsNoneWhereTheHeaderIsMalformed) {
    const std::string parent = "-b7ad6b7169203331-01";
    for (const std::string& header :
         {std::string{}, std::string("00-") + kTrace + "-b7ad6b7169203331",
          std::string("00-") + kTrace + parent + "-more", std::string("ff-") + kTrace + parent,
          "00-" + std::string(32, '0') + parent, std::string("00-") + kTrace + "-0000000000000000-01",
          "00-0AF7651916CD43DD8448EB211C80319C" + parent, std::string("cc-") + kTrace + parent + "x"}) {
        EXPECT_EQ(trace_id(header), std::nullopt) << header;
    }
}

}  // namespace
}  // namespace fcgi_worker
