#include "use_cases/update_channels.hpp"

#include "tecnochat/channels/store.hpp"

namespace tecnochat::message_router {

using pipeline::Verdict;

Result<std::vector<Verdict>> UpdateChannels::resolve(std::span<const Event> events, Deadline) {
    std::vector<Verdict> verdicts;
    verdicts.reserve(events.size());
    for (const auto& event : events)
        verdicts.push_back(event ? Verdict::take_unresolved() : Verdict::drop("tombstone"));
    return verdicts;
}

Result<pipeline::Effects> UpdateChannels::run(
    postgres::Transaction& transaction, std::span<const pipeline::Incoming<Event>> items
) {
    std::vector<channels::Channel> changed;
    changed.reserve(items.size());
    for (const auto& item : items) changed.push_back(*item.value);
    TECNOCHAT_CHECK(channels::upsert(transaction, changed));
    pipeline::Effects effects;
    effects.after_commit([this, changed = std::move(changed)] {
        for (const auto& channel : changed) directory_.note(channel);
        wake_();
    });
    return effects;
}

}  // namespace tecnochat::message_router
