// Goal: handles of one name share a family, and the text is Prometheus' own.
#include "tecnochat/telemetry/metrics.hpp"

#include <catch2/catch.hpp>

using namespace tecnochat::telemetry;

namespace {
bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}
}  // namespace

TEST_CASE("the same name and labels give the same metric, other labels join the family") {
    Metrics metrics;
    Counter first = metrics.counter("tecnochat_things_total", "Things.", {{"kind", "a"}});
    Counter same = metrics.counter("tecnochat_things_total", "Things.", {{"kind", "a"}});
    Counter other = metrics.counter("tecnochat_things_total", "Things.", {{"kind", "b"}});
    first.increment();
    same.increment(2);
    other.increment();
    CHECK(first.value() == 3);
    const std::string text = metrics.serialize();
    CHECK(contains(text, "# HELP tecnochat_things_total Things.\n"));
    CHECK(contains(text, "tecnochat_things_total{kind=\"a\"} 3\n"));
    CHECK(contains(text, "tecnochat_things_total{kind=\"b\"} 1\n"));
}

TEST_CASE("gauges go both ways") {
    Metrics metrics;
    Gauge gauge = metrics.gauge("tecnochat_depth", "Depth.");
    gauge.set(5);
    gauge.add(-7);
    gauge.add(1);
    CHECK(gauge.value() == -1);
}

TEST_CASE("histograms count in seconds by default") {
    Metrics metrics;
    Histogram histogram = metrics.histogram("tecnochat_wait_seconds", "Wait.");
    histogram.observe(0.002);
    const std::string text = metrics.serialize();
    CHECK(contains(text, "tecnochat_wait_seconds_bucket{le=\"0.001\"} 0\n"));
    CHECK(contains(text, "tecnochat_wait_seconds_bucket{le=\"0.0025\"} 1\n"));
    CHECK(contains(text, "tecnochat_wait_seconds_count 1\n"));
    Histogram sizes = metrics.histogram("tecnochat_batch_size", "Sizes.", {}, {1, 10});
    sizes.observe(4);
    CHECK(contains(metrics.serialize(), "tecnochat_batch_size_bucket{le=\"10\"} 1\n"));
}

TEST_CASE("a handle that was never registered ignores what it is told") {
    Counter counter;
    counter.increment();
    CHECK(counter.value() == 0);
}
