#include "wire.hpp"

#include "tecnochat/rpc/wire.hpp"

namespace tecnochat::whatsapp_connector {
namespace {

whatsapp::v1::ChannelState to_wire(channels::State state) {
    switch (state) {
        case channels::State::kConnected:
            return whatsapp::v1::CHANNEL_STATE_CONNECTED;
        case channels::State::kDisconnected:
            return whatsapp::v1::CHANNEL_STATE_DISCONNECTED;
        case channels::State::kSuspended:
            return whatsapp::v1::CHANNEL_STATE_SUSPENDED;
    }
    return whatsapp::v1::CHANNEL_STATE_UNSPECIFIED;
}

}  // namespace

whatsapp::v1::ChannelEvent to_wire(const channels::Channel& channel, Timestamp now) {
    whatsapp::v1::ChannelEvent event;
    event.set_phone_number_id(channel.phone_number_id);
    event.set_tenant_id(channel.tenant.to_string());
    event.set_waba_id(channel.waba_id);
    event.set_display_phone_number(channel.display_phone_number);
    event.set_state(to_wire(channel.state));
    event.set_epoch(channel.epoch);
    rpc::set_time(*event.mutable_occurred_at(), now);
    return event;
}

}  // namespace tecnochat::whatsapp_connector
