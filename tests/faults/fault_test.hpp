/// What each test of a fault begins and ends with: all parts up, both workers with all their connections to the
/// database, and an owner without todos.
///
/// Where one fails it shows what the workers logged meanwhile.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "../patience.hpp"
#include "api_test.hpp"

namespace api {

MATCHER(IsA503ThatSaysWhenToComeBack, "") {
    return testing::ExplainMatchResult(IsProblem(503, "unavailable"), arg, result_listener) &&
           testing::ExplainMatchResult(HasHeader("Retry-After", testing::ContainsRegex("^[0-9]+$")), arg,
                                       result_listener);
}

/// What was written to one of the stack's logs since this was made.
class NewLines {
public:
    explicit NewLines(const std::string& file)
        : path_(stack::setting("STATE") + "/log/" + file), begin_(std::filesystem::file_size(path_)) {}

    [[nodiscard]] std::string text() const {
        std::ifstream log{path_};
        log.seekg(static_cast<std::streamoff>(begin_));
        return {std::istreambuf_iterator<char>{log}, {}};
    }

private:
    const std::string path_;
    const std::uintmax_t begin_;
};

struct FaultTest : ApiTest {
    static constexpr std::size_t kWorkers = 2;

    void SetUp() override {
        // Each of them: one that still pauses between its attempts to connect would refuse the next test's requests.
        ASSERT_TRUE(comes_true(have_all_connections)) << "not every worker has all its connections";
        ApiTest::SetUp();
        ASSERT_EQ(stack::workers().size(), kWorkers);
    }
    void TearDown() override {
        EXPECT_TRUE(comes_true(have_all_connections)) << "not every worker has all its connections";
        EXPECT_THAT(remove(kTodos), Answers(204));
        if (!HasFailure()) return;
        std::cout << "The workers' log of this test:\n" << log_of_this_test() << "\n";
        for (const std::string& line : complaints()) std::cout << "# " << line << "\n";
    }

    static bool is_ready(std::size_t slot) { return of_worker(slot, "readyz").status == 200; }
    static bool are_ready() { return is_ready(0) && is_ready(1); }

    /// Open, and none in use.
    static bool has_all_connections(std::size_t slot) {
        const std::string metrics = of_worker(slot, "metrics").body;
        const std::string limit = value_of(metrics, "todo_worker_database_connections_limit ");
        return !limit.empty() && limit == value_of(metrics, R"(todo_worker_database_connections{state="idle"} )");
    }
    static bool have_all_connections() { return has_all_connections(0) && has_all_connections(1); }

private:
    static Answer of_worker(std::size_t slot, const std::string& name) {
        return get_private("/worker/" + std::to_string(slot) + "/" + name);
    }
    static std::string value_of(const std::string& metrics, const std::string& name) {
        const std::size_t begin = metrics.find("\n" + name);
        if (begin == std::string::npos) return {};
        const std::size_t value = begin + 1 + name.size();
        return metrics.substr(value, metrics.find('\n', value) - value);
    }

    /// Its end, where there is much.
    [[nodiscard]] std::string log_of_this_test() const {
        constexpr std::size_t kShown = 8000;
        const std::string text = log_.text();
        return text.size() <= kShown ? text : "..." + text.substr(text.size() - kShown);
    }

    /// The first lines that say why something was not served.
    [[nodiscard]] std::vector<std::string> complaints() const {
        constexpr std::size_t kShown = 10;
        std::vector<std::string> found;
        std::istringstream log{log_.text()};
        for (std::string line; found.size() < kShown && std::getline(log, line);) {
            if (line.find(R"("level":"info")") == std::string::npos) found.push_back(line);
        }
        return found;
    }

    const NewLines log_{"worker.log"};
};

}  // namespace api
