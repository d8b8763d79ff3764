#pragma once

#include <string_view>
#include <vector>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/secret.hpp"
#include "tecnochat/crypto/hmac.hpp"
#include "tecnochat/kafka/record.hpp"
#include "tecnochat/telemetry/trace.hpp"
#include "tecnochat/whatsapp/webhook.hpp"

namespace tecnochat::webhook_ingress {

/// Turns what a webhook holds into Kafka records, one per item: messages, then statuses, then
/// changes. Pure: the same webhook, time and trace give the same records. Thread-safe.
class WebhookRecords {
 public:
    explicit WebhookRecords(const Secret& ingest_key);

    [[nodiscard]] std::vector<kafka::OutRecord>
    of(const whatsapp::Webhook& webhook, Timestamp received_at, const telemetry::TraceContext& trace
    ) const;

 private:
    /// Hex HMAC(ingest key, number | person): brings one conversation to one partition without
    /// putting a phone number into a key. A locality hint only.
    [[nodiscard]] std::string key(
        std::string_view phone_number_id, std::string_view user_id, std::string_view phone
    ) const;

    crypto::HmacSha256 ingest_key_;
};

}  // namespace tecnochat::webhook_ingress
