#include "events/status_handler.hpp"

#include <algorithm>

#include "tecnochat/rpc/wire.hpp"
#include "tecnochat/whatsapp/v1/events.pb.h"
#include "use_cases/tenants.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

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

void note_watermark(std::vector<Watermark>& watermarks, const Watermark& seen) {
    const auto known = std::find_if(watermarks.begin(), watermarks.end(), [&](const Watermark& w) {
        return w.tenant == seen.tenant && w.phone_number_id == seen.phone_number_id;
    });
    if (known == watermarks.end())
        watermarks.push_back(seen);
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
    const Clock& clock,
    std::function<void()> settled
)
    : pool_(pool),
      channels_(channels),
      sends_(sends),
      dead_letters_(dead_letters),
      opaque_(opaque),
      clock_(clock),
      settled_(std::move(settled)) {}

Status StatusHandler::operator()(std::span<const kafka::Record> batch) {
    Sorted sorted;
    for (const auto& record : batch) TECNOCHAT_CHECK(sort_out(record, sorted));
    const std::span<const Told> told(sorted.told);
    if (!told.empty()) {
        std::size_t changed = 0;
        TECNOCHAT_CHECK(store_or_refuse(
            sorted.told_records,
            [&](std::size_t first, std::size_t count) {
                return store(told.subspan(first, count), changed);
            },
            sorted.refused
        ));
        if (changed > 0) settled_();
    }
    return set_aside(dead_letters_, sorted.refused);
}

Status StatusHandler::sort_out(const kafka::Record& record, Sorted& sorted) {
    const auto refuse = [&](std::string_view reason) {
        sorted.refused.push_back({&record, reason});
        return ok();
    };
    MessageStatus status;
    if (!status.ParseFromString(record.value)) return refuse("unparsable");
    TECNOCHAT_TRY(const auto channel, channels_.find(status.phone_number_id()));
    if (!channel) return refuse("unknown_number");
    // A time still to come would end doubts whose echo is on its way.
    const auto occurred_at = std::min(rpc::to_time(status.occurred_at()), clock_.now());
    Told told{{channel->tenant, channel->phone_number_id, occurred_at}, std::nullopt};
    const auto kind = echo_kind(status.status());
    const auto ours = opaque_.decode(status.opaque());
    if (kind && ours) {
        const int error = status.errors().empty() ? 0 : status.errors(0).code();
        told.echo = {channel->tenant, ours->send_id, *kind, status.message_id(), error};
    }
    sorted.told.push_back(std::move(told));
    sorted.told_records.push_back(&record);
    return ok();
}

Status StatusHandler::store(std::span<const Told> told, std::size_t& changed) {
    std::vector<Echo> echoes;
    std::vector<Watermark> watermarks;  // one per number
    for (const auto& [seen, echo] : told) {
        note_watermark(watermarks, seen);
        if (echo) echoes.push_back(*echo);
    }
    const auto tenants = tenants_of(watermarks, [](const Watermark& w) { return w.tenant; });
    TECNOCHAT_TRY(
        auto transaction,
        postgres::Transaction::begin(pool_, tenants, Deadline::after(kTransactionTimeout))
    );
    std::vector<SendChange> changes;
    if (!echoes.empty()) {
        TECNOCHAT_TRY(changes, sends_.apply_echoes(transaction, echoes));
    }
    TECNOCHAT_CHECK(sends_.advance_watermarks(transaction, watermarks));
    TECNOCHAT_CHECK(transaction.commit({&before_commit, &after_commit}));
    changed += changes.size();
    return ok();
}

}  // namespace tecnochat::whatsapp_connector
