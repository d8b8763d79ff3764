#pragma once

#include <string>
#include <string_view>

#include "tecnochat/core/failpoint.hpp"
#include "tecnochat/kafka/producer.hpp"

namespace tecnochat::kafka {

/// Where a crash test may end the process.
struct DeadLetterFailpoints {
    Failpoint* before_produce = nullptr;
    Failpoint* after_produce = nullptr;  // the letter is durable, its record still to be committed
};

/// Puts records that cannot be processed aside, as they were, with headers dl-topic, dl-partition,
/// dl-offset and dl-reason (a stable token).
class DeadLetters {
 public:
    DeadLetters(
        Producer& producer,
        std::string topic,
        telemetry::Metrics& metrics,
        DeadLetterFailpoints failpoints = {}
    );
    /// Durable when it returns ok. Counted by reason (tecnochat_dead_letters_total).
    Status put(const Record& record, std::string_view reason);

 private:
    Producer& producer_;
    std::string topic_;
    telemetry::Metrics& metrics_;
    DeadLetterFailpoints failpoints_;
};

}  // namespace tecnochat::kafka
