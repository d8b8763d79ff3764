#pragma once

#include <span>
#include <vector>

#include "batch.hpp"
#include "directory.hpp"
#include "events/decode.hpp"
#include "store/messages.hpp"
#include "tecnochat/kafka/dead_letters.hpp"

namespace tecnochat::message_router {

struct DeliveryItem {
    TenantId tenant;
    events::DeliveryReport report;
    const kafka::Record* record = nullptr;
};

/// Topics whatsapp.sent and whatsapp.status: moves outbound messages along queued … read. Reports
/// only ever move a message forward (domain::advance), so they may come late, twice and in any
/// order, and no inbox is needed. One object per topic, used by one thread.
class ApplyDeliveries {
 public:
    using Decode = std::function<Result<events::DeliveryReport>(const kafka::Record&)>;

    ApplyDeliveries(
        std::string consumer,
        Decode decode,
        postgres::CommitFailpoints failpoints,
        postgres::Pool& pool,
        Directory& directory,
        crypto::ContentSealer& sealer,
        kafka::DeadLetters& dead_letters,
        RouterMetrics& metrics
    );

    /// The two there are; each has its own failpoints.
    static ApplyDeliveries for_sent(
        postgres::Pool& pool,
        Directory& directory,
        crypto::ContentSealer& sealer,
        kafka::DeadLetters& dead_letters,
        RouterMetrics& metrics
    );
    static ApplyDeliveries for_status(
        const whatsapp::OpaqueCodec& codec,
        postgres::Pool& pool,
        Directory& directory,
        crypto::ContentSealer& sealer,
        kafka::DeadLetters& dead_letters,
        RouterMetrics& metrics
    );

    Status operator()(std::span<const kafka::Record> records);

 private:
    Result<std::vector<DeliveryItem>> route(
        std::span<const kafka::Record> records, Effects& effects
    );
    Result<Effects> apply(postgres::Transaction& transaction, std::span<const DeliveryItem> items);
    Result<std::vector<std::optional<MessageId>>> find_messages(
        postgres::Transaction& transaction, std::span<const DeliveryItem> items
    );
    Result<Effects> set_aside(const DeliveryItem& item, const Error& error);

    std::string consumer_;
    Decode decode_;
    postgres::CommitFailpoints failpoints_;
    postgres::Pool& pool_;
    Directory& directory_;
    kafka::DeadLetters& dead_letters_;
    RouterMetrics& metrics_;
    store::Messages messages_;
};

}  // namespace tecnochat::message_router
