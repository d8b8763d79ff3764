#include "events/waiting.hpp"

#include <utility>

#include "events/decode.hpp"
#include "tecnochat/kafka/dead_letters.hpp"
#include "tecnochat/kafka/topics.hpp"

namespace tecnochat::message_router::events {
namespace {

kafka::Record to_record(domain::RawMessage raw) {
    kafka::Record record;
    record.topic = std::move(raw.topic);
    record.partition = raw.partition;
    record.offset = raw.offset;
    record.key = std::move(raw.key);
    record.value = std::move(raw.value);
    record.headers = std::move(raw.headers);
    record.timestamp = raw.recorded_at;
    return record;
}

}  // namespace

Result<domain::ArrivedMessage> arrived_message(const kafka::Record& record) {
    TECNOCHAT_TRY(auto message, inbound_message(record));
    const auto raw = [&record] {
        return domain::RawMessage{
            record.topic,
            record.partition,
            record.offset,
            record.key,
            record.value,
            record.headers,
            record.timestamp
        };
    };
    return domain::ArrivedMessage{std::move(message), raw};
}

Result<pipeline::Incoming<domain::ArrivedMessage>> waited_message(
    domain::RawMessage raw, const TenantId& tenant
) {
    const auto record = to_record(raw);
    TECNOCHAT_TRY(auto message, inbound_message(record));
    const auto again = [raw = std::move(raw)] { return raw; };
    return pipeline::Incoming<domain::ArrivedMessage>{
        tenant, {std::move(message), again}, record.trace(), record.timestamp
    };
}

outbox::Entry waiting_letter(
    domain::RawMessage raw, const std::string& phone_number_id, std::string_view reason
) {
    const auto record = to_record(std::move(raw));
    return {
        TenantId(),
        Uuid::v5(kTecnochatNamespace, "waiting:" + phone_number_id),
        kafka::to_letter(
            std::string(kafka::topics::kDeadLettersMessageRouter), {&record, std::string(reason)}
        )
    };
}

}  // namespace tecnochat::message_router::events
