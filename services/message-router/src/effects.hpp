#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/conversation.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::message_router {

/// What a transaction did that shows outside once it has committed: events to publish and numbers
/// to count. Work that was rolled back takes its effects with it.
struct Effects {
    outbox::Appended events;
    std::map<std::pair<std::string_view, std::string_view>, std::int64_t> turns_ended;
    std::map<std::string_view, std::int64_t> dropped;
    std::vector<double> reply_seconds;
    std::int64_t turns_overdue = 0;

    void count_turn(const domain::TurnEnd& end, std::int64_t by = 1) {
        if (by > 0) turns_ended[{to_string(end.outcome), end.reason}] += by;
    }
    void count_drop(std::string_view reason) { ++dropped[reason]; }
    void merge(Effects other);
};

/// The service's own metrics, names in one place.
class RouterMetrics {
 public:
    explicit RouterMetrics(telemetry::Metrics& metrics) : metrics_(metrics) {}

    void record(std::string_view consumer, const Effects& effects);
    void record_batch(std::string_view consumer, std::size_t size, double seconds);
    /// The inbound consumer stood still for channel events.
    void record_standing(std::chrono::duration<double> stood);

 private:
    telemetry::Metrics& metrics_;
};

}  // namespace tecnochat::message_router
