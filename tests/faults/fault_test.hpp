/// What each test of a fault begins and ends with: all parts up, both workers ready, and an owner without todos.
///
/// Where one fails it shows what the workers logged meanwhile.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
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

struct FaultTest : ApiTest {
    static constexpr std::size_t kWorkers = 2;

    void SetUp() override {
        // Each of them: one that still pauses between its attempts to connect would answer the next test's load.
        ASSERT_TRUE(comes_true(all_are_ready)) << "not every worker is ready";
        ApiTest::SetUp();
        ASSERT_EQ(stack::workers().size(), kWorkers);
    }
    void TearDown() override {
        EXPECT_TRUE(comes_true(all_are_ready)) << "not every worker is ready";
        EXPECT_THAT(remove(kTodos), Answers(204));
        if (HasFailure()) std::cout << "The workers' log of this test:\n" << log_of_this_test() << "\n";
    }

    static bool is_ready(std::size_t slot) {
        return get_private("/worker/" + std::to_string(slot) + "/readyz").status == 200;
    }
    static bool all_are_ready() {
        for (std::size_t slot = 0; slot < kWorkers; ++slot) {
            if (!is_ready(slot)) return false;
        }
        return true;
    }

private:
    static std::string log_path() { return stack::setting("STATE") + "/log/worker.log"; }

    /// Its end, where there is much.
    [[nodiscard]] std::string log_of_this_test() const {
        constexpr std::size_t kShown = 8000;
        std::ifstream log{log_path()};
        log.seekg(static_cast<std::streamoff>(log_begin_));
        const std::string text{std::istreambuf_iterator<char>{log}, {}};
        return text.size() <= kShown ? text : "..." + text.substr(text.size() - kShown);
    }

    const std::uintmax_t log_begin_ = std::filesystem::file_size(log_path());
};

}  // namespace api
