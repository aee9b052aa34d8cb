/// The log: one line of JSON for each entry, whatever is in it.
#include "log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <climits>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "slow_pipe.hpp"

namespace todo {
namespace {

using fcgi_worker::LogEntry;
using fcgi_worker::LogLevel;

/// What a log that keeps `least` and above writes on standard error while `speak` uses it, and at its end.
std::string written(LogLevel least, const std::function<void(const fcgi_worker::Log&)>& speak) {
    testing::internal::CaptureStderr();
    {
        const LogSink sink = make_log(least);
        speak(sink.log);
        EXPECT_EQ(sink.lines_lost(), 0U);
    }
    return testing::internal::GetCapturedStderr();
}
std::string written(LogLevel least, const LogEntry& entry) {
    return written(least, [&entry](const fcgi_worker::Log& log) { log(entry); });
}

TEST(Log, WritesTimeLevelMessageAndFieldsAsOneLine) {
    EXPECT_THAT(written(LogLevel::kInfo, {LogLevel::kWarning, "late", {{"slot", "3"}, {"cause", "a {} \"b\""}}}),
                testing::MatchesRegex(R"(\{"time":"[0-9]+-[0-9]+-[0-9]+T[0-9]+:[0-9]+:[0-9]+\.[0-9]+Z",)"
                                      R"("level":"warning","message":"late","slot":"3",)"
                                      R"("cause":"a \{\} \\"b\\""\})"
                                      "\n"));
}

TEST(Log, DropsWhatIsBelowItsLevel) {
    EXPECT_EQ(written(LogLevel::kWarning, {LogLevel::kInfo, "started", {}}), "");
    EXPECT_NE(written(LogLevel::kDebug, {LogLevel::kDebug, "started", {}}), "");
}

TEST(Log, KeepsTheLinesOfSeveralThreadsApart) {
    const std::string text = written(LogLevel::kInfo, [](const fcgi_worker::Log& log) {
        std::vector<std::thread> threads;
        threads.reserve(4);
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&log] {
                for (int line = 0; line < 50; ++line) log({LogLevel::kInfo, "tick", {{"text", std::string(900, 'x')}}});
            });
        }
        for (auto& thread : threads) thread.join();
    });
    const std::string end = "\"text\":\"" + std::string(900, 'x') + "\"}";

    std::istringstream lines{text};
    int whole = 0;
    for (std::string line; std::getline(lines, line);)
        whole += line.starts_with("{\"time\"") && line.ends_with(end) ? 1 : 0;
    EXPECT_EQ(whole, 200);
}

TEST(Log, CutsValuesUntilALineIsOneWrite) {
    const std::string escapes(1024, '\x01');
    const std::string line =
        written(LogLevel::kInfo, {LogLevel::kInfo, "long", {{"one", escapes}, {"two", escapes}, {"three", escapes}}});

    EXPECT_LE(line.size(), std::size_t{PIPE_BUF});
    EXPECT_THAT(line, testing::HasSubstr("\"message\":\"long\""));
    EXPECT_THAT(line, testing::HasSubstr("\\u0001...\",\"three\":\"\\u0001"));
}

TEST(Log, SaysHowManyLinesWereLost) {
    SlowPipe pipe;
    LogSink sink = make_log(LogLevel::kError, pipe.writer());
    for (int line = 0; line < 2000; ++line) {
        sink.log({LogLevel::kError, "nobody reads", {{"text", std::string(900, 'x')}}});
    }
    const std::string lost = std::to_string(sink.lines_lost());
    EXPECT_NE(lost, "0");

    const std::string text = pipe.read_until("were lost");
    sink = {};
    pipe.close_writer();

    const std::string rest = text.substr(text.rfind("{\"time\"")) + pipe.read_all();
    EXPECT_THAT(rest, testing::MatchesRegex(R"(\{"time":"[^"]+","level":"warning",)"
                                            R"("message":"lines of the log were lost","lines":)" +
                                            lost + "\\}\n"));
}

TEST(JsonString, EscapesWhatJsonReserves) {
    EXPECT_EQ(json_string("a\"b\\c\n\t\x01\x7F"), R"("a\"b\\c\u000a\u0009\u0001\u007f")");
    EXPECT_EQ(json_string(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(JsonString, KeepsCharactersOfUtf8) {
    EXPECT_EQ(json_string("\u00FC \u20AC \U0001F600"), "\"\u00FC \u20AC \U0001F600\"");
}

TEST(JsonString, ReplacesWhatIsNoUtf8) {
    EXPECT_EQ(json_string("a\xFF"), "\"a\uFFFD\"");
    EXPECT_EQ(json_string("\xC0\xAF"), "\"\uFFFD\uFFFD\"") << "an overlong slash";
    EXPECT_EQ(json_string("\xED\xA0\x80"), "\"\uFFFD\uFFFD\uFFFD\"") << "a surrogate";
    EXPECT_EQ(json_string("\xE2\x82"), "\"\uFFFD\uFFFD\"") << "cut short";
}

TEST(JsonString, IsCutWhereItIsTooLong) {
    EXPECT_EQ(json_string(std::string(1025, 'x')), "\"" + std::string(1024, 'x') + "...\"");
    EXPECT_EQ(json_string(std::string(1024, 'x')), "\"" + std::string(1024, 'x') + "\"");
}

}  // namespace
}  // namespace todo
