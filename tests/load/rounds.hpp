/// Bars that a machine of others' holds most of the time.
///
/// Threads: a function without state; failures of every thread count.
#pragma once

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <string>

/// A machine that others use as well may stand still for longer than any of the bars allows. So there are up to three
/// rounds, and in one of them all bars hold; the figures of each are shown.
inline void expect_in_one_of_three_rounds(const std::function<void()>& round) {
    for (int number = 1; number < 3; ++number) {
        testing::TestPartResultArray failures;
        {
            const testing::ScopedFakeTestPartResultReporter reporter{
                testing::ScopedFakeTestPartResultReporter::INTERCEPT_ALL_THREADS, &failures};
            round();
        }
        if (failures.size() == 0) return;
        for (int i = 0; i < failures.size(); ++i) {
            const std::string message = failures.GetTestPartResult(i).message();
            std::cout << "# round " << number << ": " << message.substr(0, message.find('\n')) << '\n';
        }
    }
    round();
}
