#include "store/contacts.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace tecnochat::message_router::store {
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
    WHERE c.tenant_id = n.tenant_id AND c.id = n.id
)sql";

// Sorted by what the unique indexes lock on, so that concurrent batches meet in one order.
Result<Params> to_params(crypto::ContentSealer& sealer, std::span<const domain::Contact> contacts) {
    std::vector<const domain::Contact*> sorted;
    sorted.reserve(contacts.size());
    for (const auto& contact : contacts) sorted.push_back(&contact);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
        return std::tie(a->tenant, a->identity.user_id, a->identity.phone) <
               std::tie(b->tenant, b->identity.user_id, b->identity.phone);
    });

    std::vector<Uuid> tenants;
    std::vector<Uuid> ids;
    std::vector<std::optional<std::string>> user_ids;
    std::vector<std::optional<std::string>> phones;
    std::vector<std::string> names;
    for (const auto* contact : sorted) {
        TECNOCHAT_TRY(auto name, sealer.seal({contact->tenant, contact->id}, contact->name));
        tenants.push_back(contact->tenant.uuid());
        ids.push_back(contact->id.uuid());
        user_ids.push_back(contact->identity.user_id);
        phones.push_back(contact->identity.phone);
        names.push_back(std::move(name));
    }
    Params params;
    params.add_array(tenants).add_array(ids).add_array(user_ids).add_array(phones);
    params.add_bytes_array(names);
    return params;
}

}  // namespace

Result<std::vector<domain::Contact>> Contacts::find(
    Transaction& transaction, std::span<const ContactKey> keys
) const {
    std::vector<Uuid> tenants;
    std::vector<std::optional<std::string>> user_ids;
    std::vector<std::optional<std::string>> phones;
    for (const auto& key : keys) {
        tenants.push_back(key.tenant.uuid());
        user_ids.push_back(key.identity.user_id);
        phones.push_back(key.identity.phone);
    }
    TECNOCHAT_TRY(
        auto rows,
        transaction.execute(
            kFind, Params().add_array(tenants).add_array(user_ids).add_array(phones)
        )
    );
    std::vector<domain::Contact> found;
    found.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        domain::Contact contact{
            TenantId(row.uuid(0)),
            ContactId(row.uuid(1)),
            {row.text_or_null(2), row.text_or_null(3)},
            {}
        };
        TECNOCHAT_TRY(contact.name, sealer_.open({contact.tenant, contact.id}, row.bytes(4)));
        found.push_back(std::move(contact));
    }
    return found;
}

Result<bool> Contacts::insert(Transaction& transaction, std::span<const domain::Contact> contacts)
    const {
    if (contacts.empty()) return true;
    TECNOCHAT_TRY(auto params, to_params(sealer_, contacts));
    TECNOCHAT_TRY(auto rows, transaction.execute(kInsert, params));
    return rows.affected() == static_cast<std::int64_t>(contacts.size());
}

Status Contacts::update(Transaction& transaction, std::span<const domain::Contact> contacts) const {
    if (contacts.empty()) return ok();
    TECNOCHAT_TRY(auto params, to_params(sealer_, contacts));
    auto rows = transaction.execute(kUpdate, params);
    if (rows) return ok();
    // Another transaction gave the missing identity to its own contact: look again.
    if (rows.error().code == ErrorCode::kAlreadyExists)
        return make_error(ErrorCode::kAborted, "contact changed meanwhile", "CONTACT_RACE");
    return std::move(rows).error();
}

}  // namespace tecnochat::message_router::store
