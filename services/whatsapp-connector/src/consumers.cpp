#include "consumers.hpp"

#include "events/outbound_codec.hpp"
#include "events/status_codec.hpp"
#include "tecnochat/kafka/topics.hpp"

namespace tecnochat::whatsapp_connector {

const pipeline::TransactionalTopic kOutbound{
    "whatsapp-connector", kafka::topics::kWhatsappOutbound
};
const pipeline::TransactionalTopic kStatuses{"whatsapp-connector", kafka::topics::kWhatsappStatus};

kafka::Consumer::Handler store_outbound(
    const pipeline::Runtime& runtime, channels::Directory& directory, StoreOutbound& use_case
) {
    return pipeline::transactional(
        runtime,
        kOutbound,
        pipeline::Source<Order>{
            parse_order,
            [&directory](std::span<const Order> orders, Deadline deadline) {
                return resolve_orders(directory, orders, deadline);
            }
        },
        use_case
    );
}

kafka::Consumer::Handler apply_statuses(
    const pipeline::Runtime& runtime,
    channels::Directory& directory,
    const whatsapp::OpaqueCodec& opaque,
    ApplyStatuses& use_case
) {
    return pipeline::transactional(
        runtime,
        kStatuses,
        pipeline::Source<StatusReport>{
            [&opaque](const kafka::Record& record) { return parse_status(opaque, record); },
            [&directory](std::span<const StatusReport> reports, Deadline deadline) {
                return resolve_statuses(directory, reports, deadline);
            }
        },
        use_case
    );
}

}  // namespace tecnochat::whatsapp_connector
