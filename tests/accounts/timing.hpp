/// Whether two kinds of requests can be told apart by their answers, or by how long these take: what a stranger could
/// find out who asks often.
///
/// The two are asked in turns, in an order drawn for each pair. So what else the machine does, and does more or less of
/// as time goes on, is borne by both alike, and says nothing.
///
/// Threads: functions without state.
/// Errors:  what `first` and `second` throw.
#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace api {

/// Milliseconds. What has the same place in both was measured one after the other.
struct Durations {
    std::vector<double> first;
    std::vector<double> second;
};

[[nodiscard]] Durations take_turns(std::size_t pairs, const std::function<void()>& first,
                                   const std::function<void()>& second);

struct Difference {
    double first_median = 0;   ///< Milliseconds.
    double second_median = 0;  ///< Milliseconds.
    double share = 0;          ///< So much longer the second median is than the first, as a share of the first.
    double chance = 1;         ///< So often an order that is drawn makes at least this difference where there is none.
};
std::ostream& operator<<(std::ostream& out, const Difference& difference);

/// By the ranks of all durations, as Mann and Whitney have it: a few very long ones count no more than any long one.
/// How likely such ranks are is seen by swapping the two of a pair at random, again and again, which is exact for any
/// noise.
[[nodiscard]] Difference difference_of(const Durations& durations);

/// Below this chance it is a difference. One run in a thousand says so where there is none.
inline constexpr double kLeastChance = 0.001;

/// Two requests that differ in what nobody is to find out.
struct Secret {
    const char* name = "";  ///< In the line of figures.
    std::string path;       ///< Of the POST.
    std::function<std::string()> first;
    std::function<std::string()> second;  ///< Its body, for each try.
    std::size_t pairs = 50;               ///< Of one round.
    double largest_share = 0.2;           ///< By which the medians may differ.
};

/// Expects answers that are the same but for the request's id and the date, and times that do not differ. Where they
/// seem to, up to two more rounds are added: what is noise goes then, and what is none shows more clearly. Each request
/// comes from an address of its own, within what nginx allows. Prints the figures. Expects too that these requests
/// would have shown it if the second had taken half as long again.
void expect_kept(const Secret& secret);

}  // namespace api
