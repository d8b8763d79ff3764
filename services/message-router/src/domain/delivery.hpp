#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "domain/vocabulary.hpp"
#include "tecnochat/core/uuid.hpp"

namespace tecnochat::message_router::domain {

/// A report on an outbound message, from the connector or from Meta.
struct DeliveryReport {
    std::string phone_number_id;
    /// Our id, where the report carries it; else the message is found by `wamid`.
    std::optional<MessageId> message;
    std::optional<std::string> wamid;
    /// nullopt: a word of Meta's that we do not know.
    std::optional<MessageStatus> status;
    /// Meta's code, or the negative number of our own SendFailure; 0 unless failed.
    std::int64_t error_code = 0;
};

/// The state of an outbound message after hearing `incoming`: `incoming` where that is news,
/// `current` otherwise. Reports come late, twice and in any order, from the connector and from
/// Meta:
///   - queued < sending < sent < delivered < read, never back;
///   - failed wins from queued, sending, sent and unknown, and is final; what was delivered or read
///     has not failed;
///   - unknown only from queued and sending; a late sent, delivered, read or failed settles it.
MessageStatus advance(MessageStatus current, MessageStatus incoming) noexcept;

}  // namespace tecnochat::message_router::domain
