#include "store/channel_store.hpp"

#include <array>
#include <set>

namespace tecnochat::whatsapp_connector {
namespace {

constexpr Milliseconds kReadTimeout{5000};

constexpr std::string_view kSelect = R"sql(
    SELECT phone_number_id, tenant_id, waba_id, display_phone_number,
        state = 'connected' AS connected, epoch
    FROM channels)sql";
constexpr std::string_view kSelectOne = R"sql(
    SELECT phone_number_id, tenant_id, waba_id, display_phone_number,
        state = 'connected' AS connected, epoch
    FROM channels
    WHERE phone_number_id = $1)sql";
// Nothing is returned where the row is another tenant's.
constexpr std::string_view kConnect = R"sql(
    INSERT INTO channels AS c (phone_number_id, tenant_id, waba_id, display_phone_number, state, epoch)
    VALUES ($1, $2, $3, $4, 'connected', 1)
    ON CONFLICT (phone_number_id) DO UPDATE SET epoch = c.epoch + CASE WHEN (c.waba_id,
        c.display_phone_number, c.state) IS DISTINCT
    FROM (excluded.waba_id, excluded.display_phone_number, 'connected') THEN 1 ELSE 0 END,
        waba_id = excluded.waba_id, display_phone_number = excluded.display_phone_number,
        state = 'connected', changed_at = clock_timestamp()
    WHERE c.tenant_id = excluded.tenant_id
    RETURNING phone_number_id, tenant_id, waba_id, display_phone_number,
        state = 'connected' AS connected, epoch)sql";

Channel to_channel(const postgres::Row& row) {
    return {
        row.text("phone_number_id"),
        row.id<TenantId>("tenant_id"),
        row.text("waba_id"),
        row.text("display_phone_number"),
        row.flag("connected"),
        row.number("epoch")
    };
}

}  // namespace

Status ChannelStore::load() {
    const auto deadline = Deadline::after(kReadTimeout);
    TECNOCHAT_TRY(auto lease, pool_.acquire(deadline));
    TECNOCHAT_TRY(const auto rows, lease->execute(kSelect));
    for (const auto row : rows) remember(to_channel(row));
    return ok();
}

Result<std::optional<Channel>> ChannelStore::find(const std::string& phone_number_id) {
    auto known = directory_.with([&](const auto& channels) -> std::optional<Channel> {
        const auto it = channels.find(phone_number_id);
        return it == channels.end() ? std::nullopt : std::optional(it->second);
    });
    if (known) return known;
    TECNOCHAT_TRY(auto lease, pool_.acquire(Deadline::after(kReadTimeout)));
    TECNOCHAT_TRY(
        const auto rows, lease->execute(kSelectOne, postgres::Params().add(phone_number_id))
    );
    if (rows.empty()) return std::optional<Channel>{};
    const Channel channel = to_channel(rows[0]);
    remember(channel);
    return std::optional(channel);
}

std::vector<TenantId> ChannelStore::tenants() const {
    const auto all = directory_.with([](const auto& channels) {
        std::set<TenantId> distinct;
        for (const auto& [number, channel] : channels) distinct.insert(channel.tenant);
        return distinct;
    });
    return {all.begin(), all.end()};
}

Result<Channel> ChannelStore::connect(postgres::Transaction& transaction, const Channel& wanted) {
    TECNOCHAT_TRY(
        const auto rows,
        transaction.execute(
            kConnect,
            postgres::Params()
                .add(wanted.phone_number_id)
                .add(wanted.tenant)
                .add(wanted.waba_id)
                .add(wanted.display_phone_number)
        )
    );
    if (rows.empty()) {
        return make_error(
            ErrorCode::kFailedPrecondition,
            "the number is connected for another tenant",
            "CHANNEL_OF_ANOTHER_TENANT"
        );
    }
    return to_channel(rows[0]);
}

void ChannelStore::remember(const Channel& channel) {
    directory_.with([&](auto& channels) {
        auto& known = channels[channel.phone_number_id];
        if (channel.epoch >= known.epoch) known = channel;
    });
}

}  // namespace tecnochat::whatsapp_connector
