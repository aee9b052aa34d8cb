/// Latencies of any number of requests in a fixed number of counters, after HdrHistogram.
///
/// Values are microseconds. Up to 127 each has a counter of its own; above, 128 counters share each power of two, so
/// what is read is at most 1/128 (0.8 %) above what was recorded. The greatest value is kept as it was.
///
/// Threads: one records, any number read meanwhile, also in other processes where the histogram lies in shared memory.
/// Errors:  none is thrown.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace load {

/// A number that one thread raises and others read.
class Counter {
public:
    void add(std::uint64_t more = 1) { value_.store(get() + more, std::memory_order_relaxed); }
    void subtract(std::uint64_t less) { value_.store(get() - less, std::memory_order_relaxed); }
    void raise_to(std::uint64_t value) {
        if (value > get()) value_.store(value, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

namespace histogram {

inline constexpr unsigned kPrecisionBits = 7;
inline constexpr std::uint64_t kPrecision = 1U << kPrecisionBits;
/// 2^27 us are 134 s: more than the longest time-out (60 s). What is longer is counted there.
inline constexpr unsigned kValueBits = 27;
inline constexpr std::size_t kBuckets = (kValueBits - kPrecisionBits + 1) * kPrecision;

[[nodiscard]] constexpr std::size_t bucket_of(std::uint64_t microseconds) {
    const std::uint64_t value = std::min(microseconds, (std::uint64_t{1} << kValueBits) - 1);
    if (value < kPrecision) return static_cast<std::size_t>(value);
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kPrecisionBits - 1;
    return static_cast<std::size_t>(shift * kPrecision + (value >> shift));
}

/// The greatest value that is counted in that bucket.
[[nodiscard]] constexpr std::uint64_t greatest_in(std::size_t bucket) {
    if (bucket < kPrecision) return bucket;
    const std::size_t shift = bucket / kPrecision - 1;
    return ((bucket - shift * kPrecision + 1) << shift) - 1;
}

}  // namespace histogram

class Histogram {
public:
    void record(std::uint64_t microseconds) {
        buckets_[histogram::bucket_of(microseconds)].add();
        greatest_.raise_to(microseconds);
    }

private:
    friend class LatencySummary;
    std::array<Counter, histogram::kBuckets> buckets_;
    Counter greatest_;
};

/// What several histograms say together.
///
/// Threads: one at a time.
class LatencySummary {
public:
    void add(const Histogram& of) {
        for (std::size_t n = 0; n < buckets_.size(); ++n) buckets_[n] += of.buckets_[n].get();
        greatest_ = std::max(greatest_, of.greatest_.get());
    }

    /// What was recorded since `earlier`, a summary of the same histograms. The greatest is known to its bucket only.
    [[nodiscard]] LatencySummary since(const LatencySummary& earlier) const {
        LatencySummary difference;
        for (std::size_t n = 0; n < buckets_.size(); ++n) {
            difference.buckets_[n] = buckets_[n] - earlier.buckets_[n];
            if (difference.buckets_[n] > 0) difference.greatest_ = std::min(histogram::greatest_in(n), greatest_);
        }
        return difference;
    }

    [[nodiscard]] std::uint64_t count() const {
        std::uint64_t sum = 0;
        for (const std::uint64_t bucket : buckets_) sum += bucket;
        return sum;
    }

    /// Microseconds; 0 when nothing was recorded.
    [[nodiscard]] std::uint64_t greatest() const { return greatest_; }

    /// Microseconds that this share (0..1) of what was recorded did not exceed; 0 when nothing was.
    [[nodiscard]] std::uint64_t at(double share) const {
        constexpr double kInexact = 1e-6;  // 0.07 of 100 are 7, and a little more as a double
        const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count()) - kInexact));
        std::uint64_t seen = 0;
        for (std::size_t n = 0; n < buckets_.size(); ++n) {
            seen += buckets_[n];
            if (seen > 0 && seen >= wanted) return std::min(histogram::greatest_in(n), greatest_);
        }
        return greatest_;
    }

private:
    std::array<std::uint64_t, histogram::kBuckets> buckets_{};
    std::uint64_t greatest_ = 0;
};

}  // namespace load
