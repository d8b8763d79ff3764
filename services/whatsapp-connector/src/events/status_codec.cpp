#include "events/status_codec.hpp"

#include "domain/message_id.hpp"
#include "tecnochat/rpc/wire.hpp"
#include "tecnochat/whatsapp/v1/events.pb.h"

namespace tecnochat::whatsapp_connector {
namespace {

std::optional<EchoKind> echo_kind(whatsapp::v1::DeliveryStatus status) {
    switch (status) {
        case whatsapp::v1::DELIVERY_STATUS_SENT:
        case whatsapp::v1::DELIVERY_STATUS_DELIVERED:
        case whatsapp::v1::DELIVERY_STATUS_READ:
        case whatsapp::v1::DELIVERY_STATUS_PLAYED:
            return EchoKind::kDelivered;
        case whatsapp::v1::DELIVERY_STATUS_FAILED:
            return EchoKind::kFailed;
        default:
            return std::nullopt;
    }
}

}  // namespace

Result<StatusReport> parse_status(
    const whatsapp::OpaqueCodec& opaque, const kafka::Record& record
) {
    whatsapp::v1::MessageStatus status;
    if (!status.ParseFromString(record.value))
        return make_error(ErrorCode::kInvalidArgument, "no MessageStatus", "UNPARSABLE");
    StatusReport report{
        status.phone_number_id(),
        kept_message_id(status.message_id()),
        rpc::to_time(status.occurred_at()),
        status.errors().empty() ? 0 : status.errors(0).code(),
        std::nullopt
    };
    const auto kind = echo_kind(status.status());
    const auto ours = opaque.decode(status.opaque());
    if (kind && ours) report.echoes = {ours->send_id, *kind};
    return report;
}

}  // namespace tecnochat::whatsapp_connector
