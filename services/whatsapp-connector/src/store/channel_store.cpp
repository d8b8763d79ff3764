#include "store/channel_store.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

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
    RETURNING phone_number_id, tenant_id, waba_id, display_phone_number, state, epoch)sql";

}  // namespace

Result<channels::Channel> ChannelStore::connect(
    postgres::Transaction& transaction, const channels::Channel& wanted
) {
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
    const auto row = rows[0];
    channels::Channel channel;
    channel.phone_number_id = row.text("phone_number_id");
    channel.tenant = row.id<TenantId>("tenant_id");
    channel.waba_id = row.text("waba_id");
    channel.display_phone_number = row.text("display_phone_number");
    TECNOCHAT_TRY(channel.state, row.word("state", channels::parse_state));
    channel.epoch = row.number("epoch");
    return channel;
}

}  // namespace tecnochat::whatsapp_connector
