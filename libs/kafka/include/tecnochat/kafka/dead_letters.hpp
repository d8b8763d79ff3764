#pragma once

#include <string>
#include <string_view>

#include "tecnochat/kafka/producer.hpp"

namespace tecnochat::kafka {

/// Puts records that cannot be processed aside, as they were, with headers dl-topic, dl-partition,
/// dl-offset and dl-reason (a stable token).
class DeadLetters {
 public:
    DeadLetters(Producer& producer, std::string topic, telemetry::Metrics& metrics);
    /// Durable when it returns ok. Counted by reason (tecnochat_dead_letters_total).
    Status put(const Record& record, std::string_view reason);

 private:
    Producer& producer_;
    std::string topic_;
    telemetry::Metrics& metrics_;
};

}  // namespace tecnochat::kafka
