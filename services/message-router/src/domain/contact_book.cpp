#include "domain/contact_book.hpp"

#include "tecnochat/core/assert.hpp"

namespace tecnochat::message_router::domain {

ContactBook::ContactBook(std::vector<Contact> known)
    : contacts_(std::move(known)),
      changed_(contacts_.size(), false),
      known_count_(contacts_.size()) {
    for (std::size_t i = 0; i < contacts_.size(); ++i) index(i);
}

std::size_t ContactBook::resolve(
    const TenantId& tenant, const Identity& identity, const std::string& name
) {
    TECNOCHAT_ASSERT(identity.user_id || identity.phone, "a customer without any identity");
    auto found = find(tenant, identity);
    if (!found) {
        Identity own = identity;
        if (own.phone && by_phone_.contains({tenant, *own.phone})) own.phone.reset();
        contacts_.push_back({tenant, ContactId(), std::move(own), name});
        changed_.push_back(false);
        found = contacts_.size() - 1;
        index(*found);
        return *found;
    }
    fill_in(*found, identity);
    Contact& contact = contacts_[*found];
    if (!name.empty() && contact.name != name) {
        contact.name = name;
        changed_[*found] = true;
    }
    return *found;
}

std::optional<std::size_t> ContactBook::find(const TenantId& tenant, const Identity& identity)
    const {
    if (identity.user_id) {
        const auto it = by_user_id_.find({tenant, *identity.user_id});
        if (it != by_user_id_.end()) return it->second;
    }
    if (identity.phone) {
        const auto it = by_phone_.find({tenant, *identity.phone});
        if (it != by_phone_.end()) {
            const auto& known_user_id = contacts_[it->second].identity.user_id;
            const bool other_person =
                identity.user_id && known_user_id && *known_user_id != *identity.user_id;
            if (!other_person) return it->second;
        }
    }
    return std::nullopt;
}

void ContactBook::fill_in(std::size_t position, const Identity& identity) {
    Contact& contact = contacts_[position];
    if (identity.user_id && !contact.identity.user_id) {
        contact.identity.user_id = identity.user_id;
        changed_[position] = true;
    }
    if (identity.phone && !contact.identity.phone &&
        !by_phone_.contains({contact.tenant, *identity.phone})) {
        contact.identity.phone = identity.phone;
        changed_[position] = true;
    }
    index(position);
}

void ContactBook::index(std::size_t position) {
    const Contact& contact = contacts_[position];
    if (contact.identity.user_id)
        by_user_id_.emplace(Key{contact.tenant, *contact.identity.user_id}, position);
    if (contact.identity.phone)
        by_phone_.emplace(Key{contact.tenant, *contact.identity.phone}, position);
}

std::map<TenantId, int> ContactBook::without_id() const {
    std::map<TenantId, int> wanted;
    for (const auto& contact : contacts_) {
        if (contact.id.uuid().is_nil()) ++wanted[contact.tenant];
    }
    return wanted;
}

void ContactBook::give_ids(const TenantId& tenant, std::span<const ContactId> ids) {
    for (auto& contact : contacts_) {
        if (contact.tenant != tenant || !contact.id.uuid().is_nil()) continue;
        TECNOCHAT_ASSERT(!ids.empty(), "an id for each new contact");
        contact.id = ids.front();
        ids = ids.subspan(1);
    }
}

}  // namespace tecnochat::message_router::domain
