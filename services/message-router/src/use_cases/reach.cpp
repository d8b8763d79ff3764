#include "use_cases/reach.hpp"

#include <vector>

namespace tecnochat::message_router {

Result<Reach> Reach::of(
    const Sources& sources, std::span<const store::ConversationRef> refs, Deadline deadline
) {
    Reach reach;
    TECNOCHAT_TRY(reach.parties_, store::find_parties(sources.pool, refs, deadline));
    std::vector<std::string> numbers;
    std::vector<sealing::Person> people;
    for (const auto& [ref, parties] : reach.parties_) {
        numbers.push_back(parties.phone_number_id);
        people.push_back({ref.tenant, parties.contact});
    }
    TECNOCHAT_TRY(reach.numbers_, sources.directory.find(numbers, deadline));
    if (people.empty()) return reach;
    TECNOCHAT_TRY(reach.keys_, sources.sealer.fetch(people, deadline));
    return reach;
}

Result<std::string_view> Reach::obstacle(const store::ConversationRef& ref) const {
    const auto parties = parties_.find(ref);
    if (parties == parties_.end()) return std::string_view();
    if (keys_.state({ref.tenant, parties->second.contact}) == sealing::KeyState::kErased)
        return unreachable::kPersonErased;
    const auto number = numbers_.find(parties->second.phone_number_id);
    if (number == numbers_.end()) return unreachable::kChannelChanged;
    if (!number->second) return number->second.error();
    if (number->second->tenant != ref.tenant) return unreachable::kChannelChanged;
    if (number->second->state == channels::State::kDisconnected) return unreachable::kDisconnected;
    return std::string_view();
}

bool Reach::settled(const store::ConversationRef& ref) const {
    const auto parties = parties_.find(ref);
    return parties == parties_.end() ||
           keys_.state({ref.tenant, parties->second.contact}) != sealing::KeyState::kNotYet;
}

std::optional<channels::Claim> Reach::claim(const store::ConversationRef& ref) const {
    const auto parties = parties_.find(ref);
    if (parties == parties_.end()) return std::nullopt;
    return channels::Claim{parties->second.phone_number_id, ref.tenant};
}

}  // namespace tecnochat::message_router
