#include "events/status_handler.hpp"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "sending/tenants.hpp"
#include "tecnochat/whatsapp/v1/events.pb.h"

namespace tecnochat::whatsapp_connector {
namespace {

using google::protobuf::util::TimeUtil;
using whatsapp::v1::MessageStatus;

constexpr Milliseconds kTransactionTimeout{10'000};

Failpoint before_commit{"whatsapp-connector.status.commit.before"};
Failpoint after_commit{"whatsapp-connector.status.commit.after"};

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

void note_watermark(std::vector<Watermark>& watermarks, Watermark seen) {
    const auto known = std::find_if(watermarks.begin(), watermarks.end(), [&](const Watermark& w) {
        return w.tenant == seen.tenant && w.phone_number_id == seen.phone_number_id;
    });
    if (known == watermarks.end())
        watermarks.push_back(std::move(seen));
    else
        known->latest = std::max(known->latest, seen.latest);
}

}  // namespace

StatusHandler::StatusHandler(
    postgres::Pool& pool,
    ChannelStore& channels,
    SendStore& sends,
    kafka::DeadLetters& dead_letters,
    const whatsapp::OpaqueCodec& opaque,
    std::function<void()> settled
)
    : pool_(pool),
      channels_(channels),
      sends_(sends),
      dead_letters_(dead_letters),
      opaque_(opaque),
      settled_(std::move(settled)) {}

Status StatusHandler::operator()(std::span<const kafka::Record> batch) {
    Sorted sorted;
    for (const auto& record : batch) TECNOCHAT_CHECK(sort_out(record, sorted));
    if (sorted.watermarks.empty()) return ok();
    const auto tenants = tenants_of(sorted.watermarks, [](const Watermark& w) { return w.tenant; });
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(pool_, tenants, Deadline::after(kTransactionTimeout))
    );
    std::vector<SendChange> changes;
    if (!sorted.echoes.empty()) {
        TECNOCHAT_TRY(changes, sends_.apply_echoes(transaction, sorted.echoes));
    }
    TECNOCHAT_CHECK(sends_.advance_watermarks(transaction, sorted.watermarks));
    TECNOCHAT_CHECK(transaction.commit({&before_commit, &after_commit}));
    if (!changes.empty()) settled_();
    return ok();
}

Status StatusHandler::sort_out(const kafka::Record& record, Sorted& sorted) {
    MessageStatus status;
    if (!status.ParseFromString(record.value)) return dead_letters_.put(record, "unparsable");
    TECNOCHAT_TRY(const auto channel, channels_.find(status.phone_number_id()));
    if (!channel) return dead_letters_.put(record, "unknown_number");
    note_watermark(
        sorted.watermarks,
        {channel->tenant,
         channel->phone_number_id,
         from_unix_ms(TimeUtil::TimestampToMilliseconds(status.occurred_at()))}
    );
    const auto kind = echo_kind(status.status());
    const auto ours = opaque_.decode(status.opaque());
    if (kind && ours) {
        const int error = status.errors().empty() ? 0 : status.errors(0).code();
        sorted.echoes.push_back({channel->tenant, ours->send_id, *kind, status.message_id(), error}
        );
    }
    return ok();
}

}  // namespace tecnochat::whatsapp_connector
