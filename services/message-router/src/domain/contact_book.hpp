#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "domain/inbound.hpp"
#include "tecnochat/core/uuid.hpp"

namespace tecnochat::message_router::domain {

/// A customer of a tenant.
struct Contact {
    TenantId tenant;
    ContactId id;
    Identity identity;
    std::string name;
};

/// Finds the customers behind a batch of messages. Meta may leave the phone out for customers with
/// a user name, and the user id for others, so: by user id first, then by phone; what the found
/// contact lacks is filled in, unless another contact holds it (merging identities is a later
/// issue). A phone that is known under another user id belongs to a new person now: phone numbers
/// are given out again, user ids are not.
class ContactBook {
 public:
    /// Seeded with every stored contact that any identity of the batch may mean.
    explicit ContactBook(std::vector<Contact> known);

    /// Index of the contact in contacts(); creates it, without an id yet, where there is none. A
    /// non-empty `name` replaces the old one.
    std::size_t resolve(const TenantId& tenant, const Identity& identity, const std::string& name);
    /// How many contacts of each tenant still want an id.
    [[nodiscard]] std::map<TenantId, int> without_id() const;
    /// As many ids as the tenant wants.
    void give_ids(const TenantId& tenant, std::span<const ContactId> ids);

    [[nodiscard]] const std::vector<Contact>& contacts() const { return contacts_; }
    /// What resolve() made, and what it changed among the known.
    [[nodiscard]] bool is_new(std::size_t index) const { return index >= known_count_; }
    [[nodiscard]] bool is_changed(std::size_t index) const { return changed_[index]; }

 private:
    using Key = std::pair<TenantId, std::string>;
    [[nodiscard]] std::optional<std::size_t> find(const TenantId& tenant, const Identity& identity)
        const;
    void fill_in(std::size_t index, const Identity& identity);
    void index(std::size_t index);

    std::vector<Contact> contacts_;
    std::vector<bool> changed_;  // one per contact
    std::size_t known_count_;
    std::map<Key, std::size_t> by_user_id_;
    std::map<Key, std::size_t> by_phone_;
};

}  // namespace tecnochat::message_router::domain
