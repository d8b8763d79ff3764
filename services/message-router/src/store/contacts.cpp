#include "store/contacts.hpp"

#include <algorithm>
#include <string>
#include <tuple>

namespace tecnochat::message_router::store::contacts {
namespace {

using postgres::Params;
using postgres::Transaction;

// Two index look-ups per key; an OR in one join would be planned as a scan.
constexpr std::string_view kFind = R"sql(
    SELECT c.tenant_id, c.id, c.user_id, c.phone, c.name
    FROM unnest($1::uuid[], $2::text[]) k(tenant_id, user_id)
    JOIN contacts c ON c.tenant_id = k.tenant_id AND c.user_id = k.user_id
    UNION SELECT c.tenant_id, c.id, c.user_id, c.phone, c.name
    FROM unnest($1::uuid[], $3::text[]) k(tenant_id, phone)
    JOIN contacts c ON c.tenant_id = k.tenant_id AND c.phone = k.phone
)sql";

constexpr std::string_view kInsert = R"sql(
    INSERT INTO contacts (tenant_id, id, user_id, phone, name)
    SELECT *
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bytea[])
    ON CONFLICT DO NOTHING
)sql";

constexpr std::string_view kUpdate = R"sql(
    UPDATE contacts c
    SET user_id = n.user_id, phone = n.phone, name = n.name
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bytea[]) n(tenant_id, id,
        user_id, phone, name)
    WHERE c.tenant_id = n.tenant_id AND c.id = n.id AND c.erased_at IS NULL
)sql";

constexpr std::string_view kErase = R"sql(
    UPDATE contacts c
    SET user_id = NULL, phone = NULL, name = '', erased_at = now()
    FROM unnest($1::uuid[], $2::uuid[]) n(tenant_id, id)
    WHERE c.tenant_id = n.tenant_id AND c.id = n.id AND c.erased_at IS NULL
)sql";

struct Sealed {
    const domain::Contact* contact;
    std::string name;
};

// Sorted by what the unique indexes lock on, so that concurrent batches meet in one order.
Result<Params> to_params(
    std::span<const domain::Contact* const> contacts, const sealing::Keys& keys
) {
    std::vector<Sealed> sealed;
    sealed.reserve(contacts.size());
    for (const auto* contact : contacts) {
        TECNOCHAT_TRY(auto name, keys.seal({contact->tenant, contact->id}, contact->name));
        sealed.push_back({contact, std::move(name)});
    }
    std::ranges::sort(sealed, [](const Sealed& a, const Sealed& b) {
        const auto key = [](const domain::Contact& contact) {
            return std::tie(contact.tenant, contact.identity.user_id, contact.identity.phone);
        };
        return key(*a.contact) < key(*b.contact);
    });
    Params params;
    params.add_columns(
        sealed,
        [](const Sealed& row) { return row.contact->tenant; },
        [](const Sealed& row) { return row.contact->id; },
        [](const Sealed& row) -> const auto& { return row.contact->identity.user_id; },
        [](const Sealed& row) -> const auto& { return row.contact->identity.phone; },
        [](const Sealed& row) { return postgres::Bytes{row.name}; }
    );
    return params;
}

}  // namespace

postgres::Pending find(Transaction& transaction, std::span<const ContactKey> keys) {
    Params params;
    params.add_columns(
        keys,
        &ContactKey::tenant,
        [](const ContactKey& key) -> const auto& { return key.identity.user_id; },
        [](const ContactKey& key) -> const auto& { return key.identity.phone; }
    );
    return transaction.send(kFind, params);
}

std::vector<StoredContact> read(const postgres::Rows& rows) {
    std::vector<StoredContact> found;
    found.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        StoredContact stored;
        stored.contact.tenant = row.id<TenantId>("tenant_id");
        stored.contact.id = row.id<ContactId>("id");
        stored.contact.identity.user_id = row.text_or_null("user_id");
        stored.contact.identity.phone = row.text_or_null("phone");
        stored.sealed_name = row.bytes("name");
        found.push_back(std::move(stored));
    }
    return found;
}

Status insert(
    Transaction& transaction,
    std::span<const domain::Contact* const> contacts,
    const sealing::Keys& keys
) {
    if (contacts.empty()) return ok();
    TECNOCHAT_TRY(const auto params, to_params(contacts, keys));
    transaction.send(kInsert, params);
    return ok();
}

Status update(
    Transaction& transaction,
    std::span<const domain::Contact* const> contacts,
    const sealing::Keys& keys
) {
    if (contacts.empty()) return ok();
    TECNOCHAT_TRY(const auto params, to_params(contacts, keys));
    auto rows = transaction.execute(kUpdate, params);
    if (rows) return ok();
    if (rows.error().code == ErrorCode::kAlreadyExists)
        return make_error(ErrorCode::kAborted, "contact changed meanwhile", "CONTACT_RACE");
    return std::move(rows).error();
}

void erase(Transaction& transaction, std::span<const ContactRef> contacts) {
    if (contacts.empty()) return;
    Params params;
    params.add_columns(contacts, &ContactRef::tenant, &ContactRef::id);
    transaction.send(kErase, params);
}

}  // namespace tecnochat::message_router::store::contacts
