#include "use_cases/store_outbound.hpp"

#include "tecnochat/channels/store.hpp"
#include "tecnochat/channels/verdicts.hpp"

namespace tecnochat::whatsapp_connector {

StoreOutbound::StoreOutbound(
    channels::Directory& directory,
    SendStore& sends,
    sealing::Sealer& sealer,
    ReadReceipts& receipts,
    WakeSends sends_stored
)
    : directory_(directory),
      sends_(sends),
      sealer_(sealer),
      receipts_(receipts),
      sends_stored_(std::move(sends_stored)) {}

Result<StoreOutbound::Prepared> StoreOutbound::prepare(Orders orders, Deadline deadline) {
    std::vector<sealing::Person> people;
    std::vector<std::string> numbers;
    for (const auto& order : orders) {
        const auto* text = std::get_if<NewSend>(&order.value.what);
        if (text == nullptr) continue;
        people.push_back({order.tenant, text->contact});
        numbers.push_back(order.value.phone_number_id);
    }
    Prepared prepared;
    if (people.empty()) return prepared;
    TECNOCHAT_TRY(prepared.keys, sealer_.fetch(people, deadline));
    TECNOCHAT_TRY(const auto entries, directory_.find(numbers, deadline));
    for (const auto& [number, channel] : entries) {
        if (channel && channel->state == channels::State::kDisconnected)
            prepared.silenced.insert(number);
    }
    return prepared;
}

Result<pipeline::Effects> StoreOutbound::run(
    postgres::Transaction& transaction, Orders orders, Prepared& prepared
) {
    pipeline::Effects effects;
    const auto sends = texts(orders, prepared);
    std::vector<channels::Claim> claims;
    for (const auto& send : sends) {
        if (!prepared.silenced.contains(send.phone_number_id))
            claims.push_back({send.phone_number_id, send.tenant});
    }
    if (!claims.empty()) TECNOCHAT_CHECK(channels::confirm(transaction, directory_, claims));
    if (!sends.empty()) {
        TECNOCHAT_CHECK(sends_.insert(transaction, sends, prepared.keys));
        effects.after_commit([this, numbers = numbers_of(sends)] { sends_stored_(numbers); });
    }
    for (const auto& order : orders) {
        if (const auto* receipt = std::get_if<ReadReceipt>(&order.value.what))
            effects.after_commit([this, receipt = *receipt] { receipts_.add(receipt); });
    }
    return effects;
}

std::vector<NewSend> StoreOutbound::texts(Orders orders, const Prepared& prepared) {
    std::vector<NewSend> sends;
    for (const auto& order : orders) {
        const auto* text = std::get_if<NewSend>(&order.value.what);
        if (text == nullptr) continue;
        sends.push_back(*text);
        sends.back().tenant = order.tenant;
        // Stored all the same, so that the dispatcher reports to the router that it failed; but
        // nothing of the content may be kept for a number that was disconnected.
        if (prepared.silenced.contains(text->phone_number_id)) {
            sends.back().recipient = {};
            sends.back().body.clear();
        }
    }
    return sends;
}

Result<std::vector<pipeline::Verdict>> resolve_orders(
    channels::Directory& directory, std::span<const Order> orders, Deadline deadline
) {
    using pipeline::Verdict;
    const auto verdict = [](const Order& order, const channels::Channel* known) {
        if (known == nullptr) return Verdict::refuse("unknown_number");
        if (std::holds_alternative<InvalidOrder>(order.what)) return Verdict::refuse("invalid");
        const bool is_receipt = std::holds_alternative<ReadReceipt>(order.what);
        if (is_receipt && known->state != channels::State::kConnected)
            return Verdict::drop("not_connected");
        return Verdict::take(known->tenant);
    };
    return channels::verdicts_by_number(directory, orders, deadline, verdict);
}

}  // namespace tecnochat::whatsapp_connector
