#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace tecnochat::load {

/// Latencies in microseconds, log-linear like HdrHistogram: 128 steps per power of two, so a
/// percentile is at most 0.8 % off. Everything above 2^32 us counts as that.
class Histogram {
 public:
    void record(std::uint64_t micros) {
        ++counts_[index(micros)];
        ++total_;
        sum_ += micros;
        if (micros > max_) max_ = micros;
    }
    [[nodiscard]] std::uint64_t count() const { return total_; }
    [[nodiscard]] std::uint64_t max() const { return max_; }
    [[nodiscard]] double mean() const {
        return total_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(total_);
    }
    /// The upper edge of the bucket that holds the quantile (0…1).
    [[nodiscard]] std::uint64_t quantile(double q) const {
        const auto wanted = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total_)));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (counts_[i] > 0 && seen >= wanted) return std::min(upper_edge(i), max_);
        }
        return max_;
    }

 private:
    static constexpr unsigned kBits = 7;
    static constexpr std::uint64_t kSteps = 1U << kBits;
    static constexpr unsigned kMaxExponent = 32;

    static std::size_t index(std::uint64_t value) {
        const std::uint64_t capped = std::min(value, (std::uint64_t{1} << kMaxExponent) - 1);
        if (capped < kSteps) return static_cast<std::size_t>(capped);
        const unsigned shift = static_cast<unsigned>(std::bit_width(capped)) - kBits - 1;
        return static_cast<std::size_t>((shift + 1) * kSteps + ((capped >> shift) - kSteps));
    }
    static std::uint64_t upper_edge(std::size_t index) {
        if (index < kSteps) return index;
        const std::uint64_t shift = index / kSteps - 1;
        return ((index % kSteps + kSteps + 1) << shift) - 1;
    }

    std::array<std::uint64_t, (kMaxExponent - kBits + 1) * kSteps> counts_{};
    std::uint64_t total_ = 0;
    std::uint64_t sum_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace tecnochat::load
