#pragma once

#include <span>
#include <vector>

#include "domain/send_change.hpp"
#include "tecnochat/channels/channel.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/outbox/outbox.hpp"

namespace tecnochat::whatsapp_connector {

/// The whatsapp.sent events for those changes that other services are told of (not for queued,
/// claimed and wire).
std::vector<outbox::Entry> send_updates(std::span<const SendChange> changes, Timestamp now);

/// The channel.events event for a number as it now stands.
outbox::Entry channel_event(const channels::Channel& channel, Timestamp now);

}  // namespace tecnochat::whatsapp_connector
