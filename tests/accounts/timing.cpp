#include "timing.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <numeric>
#include <random>
#include <set>

#include "addresses.hpp"
#include "people.hpp"

namespace api {
namespace {

constexpr int kDraws = 5000;  ///< So 1 in 1,000 is five of them.
constexpr int kMostRounds = 3;

double duration_of(const std::function<void()>& request) {
    const auto begin = std::chrono::steady_clock::now();
    request();
    return std::chrono::duration<double, std::milli>{std::chrono::steady_clock::now() - begin}.count();
}

double median_of(std::vector<double> values) {
    const auto middle = values.begin() + std::ssize(values) / 2;
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Of each value among all of them: 0 for the least.
std::vector<double> ranks_of(const std::vector<double>& values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
    std::vector<double> ranks(values.size());
    for (std::size_t rank = 0; rank < order.size(); ++rank) ranks[order[rank]] = static_cast<double>(rank);
    return ranks;
}

void append(Durations& durations, const Durations& more) {
    durations.first.insert(durations.first.end(), more.first.begin(), more.first.end());
    durations.second.insert(durations.second.end(), more.second.begin(), more.second.end());
}

std::vector<std::string> bodies_of(const std::function<std::string()>& body, std::size_t count) {
    std::vector<std::string> bodies(count);
    std::generate(bodies.begin(), bodies.end(), body);
    return bodies;
}

/// All that a client sees, without what is another for each answer.
std::string looks(const Answer& answer) {
    std::string text = std::to_string(answer.status) + "\n";
    for (const auto& [name, value] : answer.headers) {
        const bool is_its_own = name == "Date" || name == "X-Request-Id";
        text += name + ": " + (is_its_own ? "..." : value) + "\n";
    }
    return text + (answer.body.empty() ? "" : with_field(answer, "request_id", "null"));
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Difference& difference) {
    return out << "medians " << difference.first_median << " and " << difference.second_median << " ms, "
               << 100 * difference.share << " %, chance " << difference.chance;
}

Durations take_turns(std::size_t pairs, const std::function<void()>& first, const std::function<void()>& second) {
    std::mt19937 generator{std::random_device{}()};
    Durations durations;
    for (std::size_t i = 0; i < pairs; ++i) {
        const bool is_swapped = std::bernoulli_distribution{}(generator);
        if (is_swapped) durations.second.push_back(duration_of(second));
        durations.first.push_back(duration_of(first));
        if (!is_swapped) durations.second.push_back(duration_of(second));
    }
    return durations;
}

Difference difference_of(const Durations& durations) {
    const std::size_t pairs = durations.first.size();
    std::vector<double> all = durations.first;
    all.insert(all.end(), durations.second.begin(), durations.second.end());
    const std::vector<double> ranks = ranks_of(all);
    std::vector<double> steps(pairs);  // by which the second of a pair ranks higher
    for (std::size_t i = 0; i < pairs; ++i) steps[i] = ranks[pairs + i] - ranks[i];

    const double found = std::abs(std::accumulate(steps.begin(), steps.end(), 0.0));
    std::mt19937 generator{1};  // NOLINT(cert-msc51-cpp): the same durations have the same chance
    int as_large = 1;           // as it was measured is one of the orders
    for (int draw = 0; draw < kDraws; ++draw) {
        double sum = 0;
        for (const double step : steps) sum += (generator() & 1U) != 0 ? step : -step;
        if (std::abs(sum) >= found) ++as_large;
    }
    Difference difference{.first_median = median_of(durations.first), .second_median = median_of(durations.second)};
    difference.share = difference.second_median / difference.first_median - 1;
    difference.chance = static_cast<double>(as_large) / (kDraws + 1);
    return difference;
}

void expect_kept(const Secret& secret) {
    std::vector<std::string> answers;
    Durations durations;
    Difference difference;
    for (int round = 0; round < kMostRounds; ++round) {
        // What the client itself takes to think of a body is no part of a time.
        const auto ask_each_of = [&](std::vector<std::string> bodies) {
            return [&answers, &secret, bodies = std::move(bodies), next = std::size_t{0}]() mutable {
                answers.push_back(looks(post_from(fresh_address(), secret.path, bodies[next++])));
            };
        };
        append(durations, take_turns(secret.pairs, ask_each_of(bodies_of(secret.first, secret.pairs)),
                                     ask_each_of(bodies_of(secret.second, secret.pairs))));
        difference = difference_of(durations);
        std::cout << "# " << secret.name << ": " << durations.first.size() << " pairs, " << difference << '\n';
        if (difference.chance > kLeastChance && std::abs(difference.share) < secret.largest_share) break;
    }
    EXPECT_THAT(std::set<std::string>(answers.begin(), answers.end()), testing::SizeIs(1));
    EXPECT_GT(difference.chance, kLeastChance) << difference;
    EXPECT_LT(std::abs(difference.share), secret.largest_share) << difference;

    for (double& duration : durations.second) duration *= 1.5;
    EXPECT_LT(difference_of(durations).chance, kLeastChance) << "the machine is too busy to see anything";
}

}  // namespace api
