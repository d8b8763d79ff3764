#pragma once

#include <span>
#include <vector>

#include "domain/contact_book.hpp"
#include "tecnochat/postgres/transaction.hpp"
#include "tecnochat/sealing/keys.hpp"

namespace tecnochat::message_router::store {

/// Who is asked for.
struct ContactKey {
    TenantId tenant;
    domain::Identity identity;
};

/// A contact as stored; `contact.name` is still empty, its keys have yet to be fetched.
struct StoredContact {
    domain::Contact contact;
    std::string sealed_name;
};

struct ContactRef {
    TenantId tenant;
    ContactId id;
    auto operator<=>(const ContactRef&) const = default;
};

/// Table contacts. Names are sealed. Erased contacts have no identity and are never found by one.
namespace contacts {

/// Queues a search for every contact that one of the keys may mean, by user id or by phone; each
/// once. read() what it gave.
postgres::Pending find(postgres::Transaction& transaction, std::span<const ContactKey> keys);
std::vector<StoredContact> read(const postgres::Rows& rows);

/// Queues new rows. Where another transaction made the same person meanwhile, its row stays and
/// ours is not written: a conversation of it cannot be made then.
Status insert(
    postgres::Transaction& transaction,
    std::span<const domain::Contact* const> contacts,
    const sealing::Keys& keys
);
/// kAborted CONTACT_RACE where another transaction gave the missing identity to its own contact.
Status update(
    postgres::Transaction& transaction,
    std::span<const domain::Contact* const> contacts,
    const sealing::Keys& keys
);
/// Queues: people whose key is destroyed lose identity and name.
void erase(postgres::Transaction& transaction, std::span<const ContactRef> contacts);

}  // namespace contacts
}  // namespace tecnochat::message_router::store
