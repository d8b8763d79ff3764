#include "use_cases/update_channels.hpp"

#include <map>
#include <string>

#include "batch.hpp"
#include "events/decode.hpp"

namespace tecnochat::message_router {
namespace {

Failpoint before_commit{"message-router.channels.commit.before"};
Failpoint after_commit{"message-router.channels.commit.after"};

}  // namespace

Status UpdateChannels::operator()(std::span<const kafka::Record> records) {
    std::map<std::string, store::Channel> newest;
    for (const auto& record : records) {
        if (record.value.empty()) continue;  // a tombstone: the number was forgotten long ago
        auto channel = events::channel_event(record);
        if (!channel) {
            TECNOCHAT_CHECK(dead_letters_.put(record, "unparsable"));
            continue;
        }
        const auto it = newest.find(channel->phone_number_id);
        if (it == newest.end() || channel->epoch > it->second.epoch)
            newest.insert_or_assign(channel->phone_number_id, std::move(*channel));
    }
    if (newest.empty()) return ok();
    std::vector<store::Channel> channels;
    for (auto& [number, channel] : newest) channels.push_back(std::move(channel));

    const auto deadline = Deadline::after(kTransactionBudget);
    TECNOCHAT_TRY(
        auto transaction, postgres::Transaction::begin(pool_, store::channels::kNoTenants, deadline)
    );
    TECNOCHAT_CHECK(store::channels::upsert(transaction, channels));
    TECNOCHAT_CHECK(transaction.commit({&before_commit, &after_commit}));
    return directory_.refresh(deadline);
}

}  // namespace tecnochat::message_router
