#pragma once

#include <string>

#include "tecnochat/config/settings.hpp"

namespace tecnochat::scenarios {

/// What the broker answers one principal: "ok", or librdkafka's name of the refusal
/// ("TOPIC_AUTHORIZATION_FAILED", "_SSL", …). Speaks librdkafka directly: the suite's own clients
/// would end the process on such errors.
class KafkaProbe {
 public:
    KafkaProbe(std::string brokers, config::TlsFiles identity)
        : brokers_(std::move(brokers)), identity_(std::move(identity)) {}

    /// Tries to write one empty record.
    [[nodiscard]] std::string produce(const std::string& topic) const;
    /// Tries to fetch from partition 0.
    [[nodiscard]] std::string fetch(const std::string& topic) const;
    /// Tries to read a consumer group's offsets.
    [[nodiscard]] std::string read_group(const std::string& group, const std::string& topic) const;

 private:
    std::string brokers_;
    config::TlsFiles identity_;
};

}  // namespace tecnochat::scenarios
