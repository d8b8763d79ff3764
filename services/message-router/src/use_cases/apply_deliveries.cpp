#include "use_cases/apply_deliveries.hpp"

#include <map>
#include <set>

#include "domain/delivery.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::message_router {
namespace {

Failpoint sent_before_commit{"message-router.sent.commit.before"};
Failpoint sent_after_commit{"message-router.sent.commit.after"};
Failpoint status_before_commit{"message-router.status.commit.before"};
Failpoint status_after_commit{"message-router.status.commit.after"};

// What the message is after the report; equal to `delivery` where that is no news.
store::Delivery advanced(const store::Delivery& delivery, const events::DeliveryReport& report) {
    store::Delivery next = delivery;
    if (report.status) next.status = domain::advance(delivery.status, *report.status);
    if (next.status != delivery.status) {
        next.error_code = next.status == domain::MessageStatus::kFailed ? report.error_code : 0;
    }
    if (!next.wamid) next.wamid = report.wamid;
    return next;
}

}  // namespace

ApplyDeliveries::ApplyDeliveries(
    std::string consumer,
    Decode decode,
    postgres::CommitFailpoints failpoints,
    postgres::Pool& pool,
    Directory& directory,
    crypto::ContentSealer& sealer,
    kafka::DeadLetters& dead_letters,
    RouterMetrics& metrics
)
    : consumer_(std::move(consumer)),
      decode_(std::move(decode)),
      failpoints_(failpoints),
      pool_(pool),
      directory_(directory),
      dead_letters_(dead_letters),
      metrics_(metrics),
      messages_(sealer) {}

ApplyDeliveries ApplyDeliveries::for_sent(
    postgres::Pool& pool,
    Directory& directory,
    crypto::ContentSealer& sealer,
    kafka::DeadLetters& dead_letters,
    RouterMetrics& metrics
) {
    return {
        "sent",
        events::send_update,
        {&sent_before_commit, &sent_after_commit},
        pool,
        directory,
        sealer,
        dead_letters,
        metrics
    };
}

ApplyDeliveries ApplyDeliveries::for_status(
    const whatsapp::OpaqueCodec& codec,
    postgres::Pool& pool,
    Directory& directory,
    crypto::ContentSealer& sealer,
    kafka::DeadLetters& dead_letters,
    RouterMetrics& metrics
) {
    return {
        "status",
        [&codec](const kafka::Record& record) { return events::message_status(record, codec); },
        {&status_before_commit, &status_after_commit},
        pool,
        directory,
        sealer,
        dead_letters,
        metrics
    };
}

Status ApplyDeliveries::operator()(std::span<const kafka::Record> records) {
    Effects effects;
    TECNOCHAT_TRY(const auto items, route(records, effects));
    if (!items.empty()) {
        std::set<TenantId> tenants;
        for (const auto& item : items) tenants.insert(item.tenant);
        const Batch<DeliveryItem> batch{
            pool_,
            {tenants.begin(), tenants.end()},
            failpoints_,
            [this](auto& transaction, auto run) { return apply(transaction, run); },
            [this](auto&, const auto& item, const auto& error) { return set_aside(item, error); }
        };
        TECNOCHAT_TRY(auto done, batch.run(items));
        effects.merge(std::move(done));
    }
    metrics_.record(consumer_, effects);
    return ok();
}

Result<std::vector<DeliveryItem>> ApplyDeliveries::route(
    std::span<const kafka::Record> records, Effects& effects
) {
    std::vector<DeliveryItem> items;
    std::vector<std::string> numbers;
    for (const auto& record : records) {
        auto report = decode_(record);
        if (!report) {
            TECNOCHAT_CHECK(dead_letters_.put(record, "unparsable"));
        } else if (!report->status) {
            effects.count_drop("unknown_status");
        } else {
            numbers.push_back(report->phone_number_id);
            items.push_back({TenantId(), std::move(*report), &record});
        }
    }
    TECNOCHAT_TRY(
        const auto known, directory_.lookup(numbers, Deadline::after(kTransactionBudget))
    );
    std::vector<DeliveryItem> routed;
    routed.reserve(items.size());
    for (auto& item : items) {
        const auto entry = known.find(item.report.phone_number_id);
        if (entry == known.end()) {
            // At once: we know every number that we ever had something sent from.
            TECNOCHAT_CHECK(dead_letters_.put(*item.record, "unknown_number"));
            continue;
        }
        item.tenant = entry->second.tenant;
        routed.push_back(std::move(item));
    }
    return routed;
}

Result<Effects> ApplyDeliveries::apply(
    postgres::Transaction& transaction, std::span<const DeliveryItem> items
) {
    TECNOCHAT_TRY(const auto ids, find_messages(transaction, items));
    std::set<store::MessageRef> refs;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (const auto& id = ids[i]) refs.insert({items[i].tenant, *id});
    }
    const std::vector<store::MessageRef> sorted(refs.begin(), refs.end());
    TECNOCHAT_TRY(const auto locked, messages_.lock_deliveries(transaction, sorted));
    std::map<store::MessageRef, store::Delivery> now;
    for (const auto& delivery : locked) now.emplace(delivery.message, delivery);

    Effects effects;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto& id = ids[i];
        const auto it = id ? now.find({items[i].tenant, *id}) : now.end();
        if (it == now.end()) {
            effects.count_drop("unknown_message");
            continue;
        }
        it->second = advanced(it->second, items[i].report);
    }
    std::vector<store::Delivery> changed;
    for (const auto& before : locked) {
        const auto& after = now.at(before.message);
        if (after != before) changed.push_back(after);
    }
    TECNOCHAT_CHECK(messages_.update_deliveries(transaction, changed));
    return effects;
}

Result<std::vector<std::optional<MessageId>>> ApplyDeliveries::find_messages(
    postgres::Transaction& transaction, std::span<const DeliveryItem> items
) {
    std::vector<store::WamidKey> keys;
    for (const auto& item : items) {
        if (!item.report.message && item.report.wamid)
            keys.push_back({item.tenant, *item.report.wamid});
    }
    TECNOCHAT_TRY(const auto owners, messages_.find_by_wamid(transaction, keys));
    std::map<store::WamidKey, MessageId> by_wamid;
    for (const auto& owner : owners) by_wamid.emplace(owner.key, owner.id);

    std::vector<std::optional<MessageId>> ids;
    ids.reserve(items.size());
    for (const auto& item : items) {
        std::optional<MessageId> id = item.report.message;
        if (!id && item.report.wamid) {
            const auto it = by_wamid.find({item.tenant, *item.report.wamid});
            if (it != by_wamid.end()) id = it->second;
        }
        ids.push_back(id);
    }
    return ids;
}

Result<Effects> ApplyDeliveries::set_aside(const DeliveryItem& item, const Error& error) {
    telemetry::log_error(
        "delivery report set aside",
        {{"consumer", consumer_},
         {"tenant_id", item.tenant.to_string()},
         {"partition", item.record->partition},
         {"offset", item.record->offset},
         {"code", to_string(error.code)},
         {"reason", error.reason}}
    );
    TECNOCHAT_CHECK(dead_letters_.put(*item.record, "failed"));
    return Effects();
}

}  // namespace tecnochat::message_router
