#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tecnochat/core/uuid.hpp"

namespace tecnochat::channels {

/// What the connector last said of a number. Only kDisconnected stops everything.
enum class State { kConnected, kDisconnected, kSuspended };

/// Stable lower-case words, as the table and the events say them; parse_state gives nullopt for any
/// other.
std::string_view to_string(State state) noexcept;
std::optional<State> parse_state(std::string_view word) noexcept;

/// A number of a business. The epoch rises with every change; the same number may come to another
/// tenant, and its epoch goes on.
struct Channel {
    std::string phone_number_id;
    TenantId tenant;
    std::string waba_id;
    std::string display_phone_number;
    State state = State::kConnected;
    std::int64_t epoch = 0;
    bool operator==(const Channel&) const = default;
};

}  // namespace tecnochat::channels
