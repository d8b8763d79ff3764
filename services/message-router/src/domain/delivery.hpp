#pragma once

#include "domain/vocabulary.hpp"

namespace tecnochat::message_router::domain {

/// The state of an outbound message after hearing `incoming`: `incoming` where that is news,
/// `current` otherwise. Reports come late, twice and in any order, from the connector and from
/// Meta:
///   - queued < sending < sent < delivered < read, never back;
///   - failed wins from queued, sending, sent and unknown, and is final; what was delivered or read
///     has not failed;
///   - unknown only from queued and sending; a late sent, delivered, read or failed settles it.
MessageStatus advance(MessageStatus current, MessageStatus incoming) noexcept;

}  // namespace tecnochat::message_router::domain
