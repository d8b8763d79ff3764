#include "rpc/whatsapp_rpc.hpp"

#include "events/send_updates.hpp"
#include "tecnochat/rpc/handler.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

/// A call may take this long even where its caller would wait longer.
constexpr Milliseconds kCallLimit{5000};

Failpoint before_commit{"whatsapp-connector.register.commit.before"};
Failpoint after_commit{"whatsapp-connector.register.commit.after"};

void fill(whatsapp::v1::ChannelEvent& event, const Channel& channel, Timestamp now) {
    event.ParseFromString(channel_event(channel, now).record.value);
}

}  // namespace

WhatsAppRpc::WhatsAppRpc(
    postgres::Pool& pool, ChannelStore& channels, outbox::Outbox& outbox, const Clock& clock
)
    : pool_(pool), channels_(channels), outbox_(outbox), clock_(clock) {}

grpc::Status WhatsAppRpc::RegisterChannel(
    grpc::ServerContext* context,
    const whatsapp::v1::RegisterChannelRequest* request,
    whatsapp::v1::RegisterChannelResponse* response
) {
    return rpc::serve(*context, kCallLimit, [&](Deadline deadline) -> Status {
        TECNOCHAT_TRY(const auto channel, connect(*request, deadline));
        fill(*response->mutable_channel(), channel, clock_.now());
        return ok();
    });
}

grpc::Status WhatsAppRpc::GetChannel(
    grpc::ServerContext* context,
    const whatsapp::v1::GetChannelRequest* request,
    whatsapp::v1::GetChannelResponse* response
) {
    return rpc::serve(*context, kCallLimit, [&](Deadline) -> Status {
        if (request->phone_number_id().empty())
            return make_error(ErrorCode::kInvalidArgument, "phone_number_id is required");
        TECNOCHAT_TRY(const auto channel, channels_.find(request->phone_number_id()));
        if (!channel) return make_error(ErrorCode::kNotFound, "no such number");
        fill(*response->mutable_channel(), *channel, clock_.now());
        return ok();
    });
}

Result<Channel> WhatsAppRpc::connect(
    const whatsapp::v1::RegisterChannelRequest& request, Deadline deadline
) {
    if (request.phone_number_id().empty() || request.waba_id().empty() ||
        request.display_phone_number().empty()) {
        return make_error(
            ErrorCode::kInvalidArgument,
            "waba_id, phone_number_id and display_phone_number are required"
        );
    }
    TECNOCHAT_TRY(const auto tenant, rpc::parse_id<TenantId>(request.tenant_id(), "TENANT_ID"));
    const Channel wanted{
        request.phone_number_id(),
        tenant,
        request.waba_id(),
        request.display_phone_number(),
        true,
        0
    };
    TECNOCHAT_TRY(auto transaction, postgres::Transaction::begin(pool_, tenant, deadline));
    TECNOCHAT_TRY(const auto channel, channels_.connect(transaction, wanted));
    // Published also when nothing changed: consumers ignore an epoch they know, and one that lost
    // its directory heals.
    TECNOCHAT_TRY(
        auto appended,
        outbox_.append(transaction, std::vector{channel_event(channel, clock_.now())})
    );
    TECNOCHAT_CHECK(transaction.commit({&before_commit, &after_commit}));
    channels_.remember(channel);
    outbox_.publish(std::move(appended));
    return channel;
}

}  // namespace tecnochat::whatsapp_connector
