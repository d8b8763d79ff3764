#include "tecnochat/sealing/keys.hpp"

#include <utility>

namespace tecnochat::sealing {

bool is_erased(const Error& error) noexcept {
    return error.reason == kPersonErased;
}

std::size_t Keys::Hash::operator()(const Person& person) const noexcept {
    // Contact ids are random enough by themselves; the tenant only tells equal ones apart.
    return std::hash<ContactId>{}(person.contact) ^ (std::hash<TenantId>{}(person.tenant) << 1U);
}

KeyState Keys::state(const Person& person) const {
    const auto it = people_.find(person);
    return it == people_.end() ? KeyState::kNotYet : it->second.state;
}

Result<const Keyring*> Keys::ring_of(const Person& person) const {
    const auto it = people_.find(person);
    if (it == people_.end()) {
        return make_error(
            ErrorCode::kAborted,
            "the key of this person was not fetched",
            std::string(kKeyNotFetched)
        );
    }
    switch (it->second.state) {
        case KeyState::kOpen:
            return it->second.ring.get();
        case KeyState::kNotYet:
            return make_error(
                ErrorCode::kUnavailable,
                "the key of this person cannot be had now",
                std::string(kKeyNotYet)
            );
        case KeyState::kErased:
            return make_error(
                ErrorCode::kFailedPrecondition,
                "the key of this person is destroyed",
                std::string(kPersonErased)
            );
    }
    TECNOCHAT_ASSERT(false, "a key state out of range");
}

Result<std::string> Keys::seal(const Person& person, std::string_view plain) const {
    TECNOCHAT_TRY(const auto* ring, ring_of(person));
    return ring->seal(plain);
}

Result<std::string> Keys::open(const Person& person, std::string_view sealed) const {
    TECNOCHAT_TRY(const auto* ring, ring_of(person));
    return ring->open(sealed);
}

void Keys::merge(Keys other) {
    for (auto& [person, entry] : other.people_) people_.insert_or_assign(person, std::move(entry));
}

void Keys::put_open(const Person& person, std::shared_ptr<const Keyring> ring) {
    TECNOCHAT_ASSERT(ring != nullptr, "an open person needs a keyring");
    people_.insert_or_assign(person, Entry{KeyState::kOpen, std::move(ring)});
}

void Keys::put_not_yet(const Person& person) {
    people_.insert_or_assign(person, Entry{KeyState::kNotYet, nullptr});
}

void Keys::put_erased(const Person& person) {
    people_.insert_or_assign(person, Entry{KeyState::kErased, nullptr});
}

}  // namespace tecnochat::sealing
