#include "use_cases/apply_deliveries.hpp"

#include <map>
#include <set>

#include "tecnochat/channels/verdicts.hpp"

namespace tecnochat::message_router {
namespace {

// What the message is after the report; equal to `delivery` where that is no news.
store::Delivery advanced(const store::Delivery& delivery, const domain::DeliveryReport& report) {
    store::Delivery next = delivery;
    if (report.status) next.status = domain::advance(delivery.status, *report.status);
    if (next.status != delivery.status) {
        next.error_code = next.status == domain::MessageStatus::kFailed ? report.error_code : 0;
    }
    if (!next.wamid) next.wamid = report.wamid;
    return next;
}

Result<std::vector<std::optional<MessageId>>> find_messages(
    postgres::Transaction& transaction, std::span<const ApplyDeliveries::Item> items
) {
    std::vector<store::WamidKey> keys;
    for (const auto& item : items) {
        if (!item.value.message && item.value.wamid)
            keys.push_back({item.tenant, *item.value.wamid});
    }
    TECNOCHAT_TRY(const auto owners, store::messages::find_by_wamid(transaction, keys));
    std::map<store::WamidKey, MessageId> by_wamid;
    for (const auto& owner : owners) by_wamid.emplace(owner.key, owner.id);

    std::vector<std::optional<MessageId>> ids;
    ids.reserve(items.size());
    for (const auto& item : items) {
        std::optional<MessageId> id = item.value.message;
        if (!id && item.value.wamid) {
            const auto it = by_wamid.find({item.tenant, *item.value.wamid});
            if (it != by_wamid.end()) id = it->second;
        }
        ids.push_back(id);
    }
    return ids;
}

}  // namespace

Result<std::vector<pipeline::Verdict>> ApplyDeliveries::resolve(
    std::span<const domain::DeliveryReport> reports, Deadline deadline
) {
    using pipeline::Verdict;
    const auto verdict = [](const domain::DeliveryReport& report, const channels::Channel* known) {
        if (!report.status) return Verdict::drop("unknown_status");
        return known == nullptr ? Verdict::refuse("unknown_number") : Verdict::take(known->tenant);
    };
    return channels::verdicts_by_number(directory_, reports, deadline, verdict);
}

Result<pipeline::Effects> ApplyDeliveries::run(
    postgres::Transaction& transaction, std::span<const Item> items
) {
    TECNOCHAT_TRY(const auto ids, find_messages(transaction, items));
    std::set<store::MessageRef> refs;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (const auto& id = ids[i]) refs.insert({items[i].tenant, *id});
    }
    const std::vector<store::MessageRef> sorted(refs.begin(), refs.end());
    TECNOCHAT_TRY(const auto locked, store::messages::lock_deliveries(transaction, sorted));
    std::map<store::MessageRef, store::Delivery> now;
    for (const auto& delivery : locked) now.emplace(delivery.message, delivery);

    pipeline::Effects effects;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const auto& id = ids[i];
        const auto it = id ? now.find({items[i].tenant, *id}) : now.end();
        if (it == now.end()) {
            effects.drop("unknown_message");
            continue;
        }
        it->second = advanced(it->second, items[i].value);
    }
    std::vector<store::Delivery> changed;
    for (const auto& before : locked) {
        const auto& after = now.at(before.message);
        if (after != before) changed.push_back(after);
    }
    store::messages::update_deliveries(transaction, changed);
    return effects;
}

}  // namespace tecnochat::message_router
