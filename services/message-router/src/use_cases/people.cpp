#include "use_cases/people.hpp"

#include <set>

namespace tecnochat::message_router {
namespace {

Error key_not_yet() {
    return make_error(
        ErrorCode::kUnavailable,
        "a person's key cannot be had now",
        std::string(sealing::kKeyNotYet)
    );
}

}  // namespace

Result<People> People::find(
    std::vector<store::StoredContact> stored,
    std::span<const Writer> writers,
    sealing::Sealer& sealer,
    Deadline deadline
) {
    sealing::Keys keys;
    if (!stored.empty()) {
        std::vector<sealing::Person> persons;
        persons.reserve(stored.size());
        for (const auto& [contact, name] : stored) persons.push_back({contact.tenant, contact.id});
        TECNOCHAT_TRY(keys, sealer.fetch(persons, deadline));
    }
    std::vector<domain::Contact> known;
    std::vector<store::ContactRef> erased;
    known.reserve(stored.size());
    for (auto& [contact, sealed_name] : stored) {
        const sealing::Person person{contact.tenant, contact.id};
        switch (keys.state(person)) {
            case sealing::KeyState::kNotYet:
                return key_not_yet();
            case sealing::KeyState::kErased:
                erased.push_back({contact.tenant, contact.id});
                continue;
            case sealing::KeyState::kOpen:
                break;
        }
        // One that does not open any more is as good as none: the next message brings it anew.
        if (auto name = keys.open(person, sealed_name)) contact.name = std::move(*name);
        known.push_back(std::move(contact));
    }
    People people(std::move(known));
    people.keys_ = std::move(keys);
    people.erased_ = std::move(erased);
    people.positions_.reserve(writers.size());
    for (const auto& writer : writers) {
        people.positions_.push_back(
            people.book_.resolve(writer.tenant, *writer.identity, *writer.name)
        );
    }
    for (const auto& [tenant, count] : people.book_.without_id()) {
        TECNOCHAT_TRY(const auto ids, sealer.new_people(tenant, count, people.keys_, deadline));
        people.book_.give_ids(tenant, ids);
    }
    return people;
}

Status People::write(postgres::Transaction& transaction, std::span<const std::size_t> writers)
    const {
    // First, for the new contact takes over the identity.
    store::contacts::erase(transaction, erased_);
    std::set<std::size_t> seen;
    std::vector<const domain::Contact*> made;
    std::vector<const domain::Contact*> changed;
    for (const auto writer : writers) {
        const auto position = positions_[writer];
        if (!seen.insert(position).second) continue;
        const auto& contact = book_.contacts()[position];
        if (book_.is_new(position)) {
            made.push_back(&contact);
        } else if (book_.is_changed(position)) {
            changed.push_back(&contact);
        }
    }
    TECNOCHAT_CHECK(store::contacts::update(transaction, changed, keys_));
    return store::contacts::insert(transaction, made, keys_);
}

}  // namespace tecnochat::message_router
