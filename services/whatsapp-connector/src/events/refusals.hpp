#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "tecnochat/core/result.hpp"
#include "tecnochat/kafka/dead_letters.hpp"
#include "tecnochat/kafka/record.hpp"

namespace tecnochat::whatsapp_connector {

/// A record nobody can act on. `reason` is a stable token that outlives it.
struct Refusal {
    const kafka::Record* record = nullptr;
    std::string_view reason;
};

/// store_all_or_one_by_one() for what the `records` of a batch say: one whose data the database
/// refuses is among `refused` ("failed").
Status store_or_refuse(
    std::span<const kafka::Record* const> records,
    const std::function<Status(std::size_t first, std::size_t count)>& store,
    std::vector<Refusal>& refused
);

/// Puts the refused records of a batch to the dead letters. The last thing a handler does: a batch
/// that fails after it would come again, and so would its letters. What is left is a broker that
/// goes away between two letters; their headers dl-partition and dl-offset tell a repeated one.
Status set_aside(kafka::DeadLetters& dead_letters, std::span<const Refusal> refused);

}  // namespace tecnochat::whatsapp_connector
