#include "histogram.hpp"

#include <catch2/catch.hpp>

using tecnochat::load::Histogram;

TEST_CASE("quantiles are within one percent of the truth") {
    Histogram histogram;
    for (std::uint64_t i = 1; i <= 100'000; ++i) histogram.record(i);
    for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999}) {
        CHECK(static_cast<double>(histogram.quantile(q)) == Approx(q * 100'000).epsilon(0.01));
    }
    CHECK(histogram.count() == 100'000);
    CHECK(histogram.max() == 100'000);
    CHECK(histogram.mean() == Approx(50'000.5));
}

TEST_CASE("small values are exact, huge ones are held") {
    Histogram histogram;
    histogram.record(0);
    histogram.record(7);
    histogram.record(std::uint64_t{1} << 40);
    CHECK(histogram.quantile(0.3) == 0);
    CHECK(histogram.quantile(0.6) == 7);
    CHECK(histogram.max() == std::uint64_t{1} << 40);
    CHECK(histogram.quantile(1.0) > 4'000'000'000);
}
