#pragma once

#include "tecnochat/channels/channel.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/whatsapp/v1/events.pb.h"

namespace tecnochat::whatsapp_connector {

/// A number as it stands at `now`, in the words of the contract: channel.events and the RPCs say
/// the same.
whatsapp::v1::ChannelEvent to_wire(const channels::Channel& channel, Timestamp now);

}  // namespace tecnochat::whatsapp_connector
