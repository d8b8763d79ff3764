#include "store.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tecnochat::outbox {
namespace {

// "Older" leaves out rows of this very transaction (their xmin is its id): they leave together, in
// order. Rows of one of its savepoints have another xmin and count as older; that is only slower.
// And it leaves out rows ($7) that this process knows to be in Kafka already.
constexpr std::string_view kInsert = R"(
INSERT INTO outbox (tenant_id, order_key, topic, key, value, headers, direct)
SELECT e.tenant_id, e.order_key, e.topic, e.key, e.value, e.headers::jsonb,
       NOT EXISTS (SELECT FROM outbox o WHERE o.order_key = e.order_key
                   AND o.tenant_id = e.tenant_id AND o.xmin <> pg_current_xact_id()::xid
                   AND o.id <> ALL ($7::bigint[]))
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::text[])
     WITH ORDINALITY AS e(tenant_id, order_key, topic, key, value, headers, place)
ORDER BY e.place
RETURNING id, direct)";

constexpr std::string_view kSelectDue = R"(
SELECT id, tenant_id, order_key, topic, key, value, headers FROM (
    SELECT due.*, sum(octet_length(value)) OVER (ORDER BY id) - octet_length(value) AS before
    FROM (
        SELECT * FROM outbox o
        WHERE o.order_key <> ALL ($3::uuid[]) AND o.id <> ALL ($5::bigint[]) AND NOT EXISTS (
            SELECT FROM outbox b
            WHERE b.order_key = o.order_key AND b.tenant_id = o.tenant_id AND b.id <= o.id
              AND b.id <> ALL ($5::bigint[]) AND (b.id = ANY ($2::bigint[]) OR (b.direct AND b.created_at >
                   clock_timestamp() - make_interval(secs => $1::float8 / 1000))))
        ORDER BY o.id LIMIT $4::bigint
    ) due
) counted WHERE before < 16777216 ORDER BY id)";

constexpr std::string_view kAnyDeferred =
    "SELECT EXISTS (SELECT FROM outbox WHERE NOT direct AND order_key <> ALL ($1::uuid[]) "
    "AND id <> ALL ($2::bigint[])) AS deferred";

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return c >= ' ' && c <= '~' && c != '"' && c != '\\';
    });
}

// The order of the pairs matters: an array of pairs keeps it, a JSON object would not.
std::string headers_to_json(const kafka::Headers& headers) {
    std::string json = "[";
    for (const auto& [name, value] : headers) {
        if (json.size() > 1) json += ',';
        if (is_plain(name) && is_plain(value)) {
            json.append("[\"").append(name).append("\",\"").append(value).append("\"]");
        } else {
            json += nlohmann::json::array({name, value})
                        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        }
    }
    return json += ']';
}

kafka::Headers headers_from_json(const std::string& text) {
    kafka::Headers headers;
    for (const auto& pair : nlohmann::json::parse(text)) {
        headers.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
    }
    return headers;
}

}  // namespace

postgres::Pending insert(
    postgres::Transaction& transaction,
    std::span<const Entry> entries,
    std::span<const std::int64_t> acknowledged
) {
    return transaction.send(
        kInsert,
        postgres::Params()
            .add_columns(
                entries,
                &Entry::tenant,
                &Entry::order_key,
                [](const Entry& entry) { return std::string_view(entry.record.topic); },
                [](const Entry& entry) { return std::string_view(entry.record.key); },
                [](const Entry& entry) { return postgres::Bytes{entry.record.value}; },
                [](const Entry& entry) { return headers_to_json(entry.record.headers); }
            )
            .add_array(acknowledged)
    );
}

Result<std::vector<StoredRow>> select_due(
    postgres::Transaction& transaction, Milliseconds abandoned_after, const Held& held, int limit
) {
    TECNOCHAT_TRY(
        const auto rows,
        transaction.execute(
            kSelectDue,
            postgres::Params()
                .add(abandoned_after.count())
                .add_array(held.under_way)
                .add_array(held.order_keys)
                .add(limit)
                .add_array(held.acknowledged)
        )
    );
    std::vector<StoredRow> due;
    for (const auto row : rows) {
        due.push_back(
            {row.number("id"),
             {row.id<TenantId>("tenant_id"),
              row.uuid("order_key"),
              {row.text("topic"),
               row.text("key"),
               row.bytes("value"),
               headers_from_json(row.text("headers"))}}}
        );
    }
    return due;
}

Result<bool> any_deferred(postgres::Transaction& transaction, const Held& held) {
    TECNOCHAT_TRY(
        const auto rows,
        transaction.execute(
            kAnyDeferred, postgres::Params().add_array(held.order_keys).add_array(held.acknowledged)
        )
    );
    return rows[0].flag("deferred");
}

Result<std::int64_t> count_rows(postgres::Transaction& transaction) {
    TECNOCHAT_TRY(const auto rows, transaction.execute("SELECT count(*) AS count FROM outbox"));
    return rows[0].number("count");
}

void erase(postgres::Transaction& transaction, std::span<const std::int64_t> ids) {
    transaction.send(
        "DELETE FROM outbox WHERE id = ANY ($1::bigint[])", postgres::Params().add_array(ids)
    );
}

}  // namespace tecnochat::outbox
