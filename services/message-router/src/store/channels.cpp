#include "store/channels.hpp"

#include "tecnochat/core/assert.hpp"

namespace tecnochat::message_router::store::channels {
namespace {

using postgres::Params;
using postgres::Rows;

constexpr std::string_view kAll = R"sql(
    SELECT phone_number_id, tenant_id, waba_id, display_phone_number, state, epoch
    FROM channels
)sql";

constexpr std::string_view kFind = R"sql(
    SELECT phone_number_id, tenant_id, waba_id, display_phone_number, state, epoch
    FROM channels
    WHERE phone_number_id = ANY($1::text[])
)sql";

constexpr std::string_view kUpsert = R"sql(
    INSERT INTO channels AS c (phone_number_id, tenant_id, waba_id, display_phone_number, state,
        epoch)
    SELECT *
    FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[])
    ON CONFLICT (phone_number_id)
    DO UPDATE SET tenant_id = excluded.tenant_id, waba_id = excluded.waba_id,
        display_phone_number = excluded.display_phone_number, state = excluded.state, epoch =
        excluded.epoch
    WHERE excluded.epoch > c.epoch
)sql";

std::vector<Channel> read(const Rows& rows) {
    std::vector<Channel> found;
    found.reserve(static_cast<std::size_t>(rows.size()));
    for (const auto row : rows) {
        const auto state = domain::parse_channel_state(row.text(4));
        TECNOCHAT_ASSERT(state.has_value(), "channels.state holds a word we do not know");
        found.push_back(
            {row.text(0), TenantId(row.uuid(1)), row.text(2), row.text(3), *state, row.number(5)}
        );
    }
    return found;
}

}  // namespace

Result<std::vector<Channel>> all(postgres::Transaction& transaction) {
    TECNOCHAT_TRY(auto rows, transaction.execute(kAll));
    return read(rows);
}

Result<std::vector<Channel>> find(
    postgres::Transaction& transaction, std::span<const std::string> phone_number_ids
) {
    TECNOCHAT_TRY(auto rows, transaction.execute(kFind, Params().add_array(phone_number_ids)));
    return read(rows);
}

Status upsert(postgres::Transaction& transaction, std::span<const Channel> channels) {
    if (channels.empty()) return ok();
    std::vector<std::string> numbers;
    std::vector<Uuid> tenants;
    std::vector<std::string> wabas;
    std::vector<std::string> displays;
    std::vector<std::string> states;
    std::vector<std::int64_t> epochs;
    for (const auto& channel : channels) {
        numbers.push_back(channel.phone_number_id);
        tenants.push_back(channel.tenant.uuid());
        wabas.push_back(channel.waba_id);
        displays.push_back(channel.display_phone_number);
        states.emplace_back(to_string(channel.state));
        epochs.push_back(channel.epoch);
    }
    Params params;
    params.add_array(numbers).add_array(tenants).add_array(wabas).add_array(displays);
    params.add_array(states).add_array(epochs);
    auto rows = transaction.execute(kUpsert, params);
    if (!rows) return std::move(rows).error();
    return ok();
}

}  // namespace tecnochat::message_router::store::channels
