#include "tecnochat/telemetry/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <utility>

namespace tecnochat::telemetry {
namespace {

const prometheus::Histogram::BucketBoundaries& seconds_buckets() {
    static const prometheus::Histogram::BucketBoundaries buckets = {
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30
    };
    return buckets;
}

}  // namespace

void Counter::increment(double by) {
    if (impl_ != nullptr) static_cast<prometheus::Counter*>(impl_)->Increment(by);
}

double Counter::value() const {
    return impl_ == nullptr ? 0 : static_cast<const prometheus::Counter*>(impl_)->Value();
}

void Gauge::set(double value) {
    if (impl_ != nullptr) static_cast<prometheus::Gauge*>(impl_)->Set(value);
}

void Gauge::add(double by) {
    if (impl_ == nullptr) return;
    auto* gauge = static_cast<prometheus::Gauge*>(impl_);
    by < 0 ? gauge->Decrement(-by) : gauge->Increment(by);
}

double Gauge::value() const {
    return impl_ == nullptr ? 0 : static_cast<const prometheus::Gauge*>(impl_)->Value();
}

void Histogram::observe(double value) {
    if (impl_ != nullptr) static_cast<prometheus::Histogram*>(impl_)->Observe(value);
}

struct Metrics::Impl {
    prometheus::Registry registry;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry);
    Counter counter;
    counter.impl_ = &family.Add(labels);
    return counter;
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry);
    Gauge gauge;
    gauge.impl_ = &family.Add(labels);
    return gauge;
}

Histogram Metrics::histogram(
    const std::string& name,
    const std::string& help,
    const Labels& labels,
    const std::vector<double>& buckets
) {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->registry);
    Histogram histogram;
    histogram.impl_ = &family.Add(labels, buckets.empty() ? seconds_buckets() : buckets);
    return histogram;
}

std::string Metrics::serialize() const {
    return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace tecnochat::telemetry
