#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tecnochat::telemetry {

using Labels = std::map<std::string, std::string>;

/// Thin handles on prometheus-cpp, so that its headers stay out of ours. Handles are cheap to copy
/// and live as long as the registry. Names follow Prometheus: tecnochat_<what>_<unit>; never an id
/// as a label.
class Counter {
 public:
    void increment(double by = 1.0);
    [[nodiscard]] double value() const;

 private:
    friend class Metrics;
    void* impl_ = nullptr;
};

class Gauge {
 public:
    void set(double value);
    void add(double by);
    [[nodiscard]] double value() const;

 private:
    friend class Metrics;
    void* impl_ = nullptr;
};

class Histogram {
 public:
    void observe(double value);

 private:
    friend class Metrics;
    void* impl_ = nullptr;
};

class Metrics {
 public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// The same name with other labels joins the family; the same name and labels gives the same
    /// metric.
    Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
    Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    /// Default buckets: seconds, 0.5 ms to 30 s.
    Histogram histogram(
        const std::string& name,
        const std::string& help,
        const Labels& labels = {},
        const std::vector<double>& buckets = {}
    );

    /// Prometheus text format.
    [[nodiscard]] std::string serialize() const;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::telemetry
