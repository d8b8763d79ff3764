#include "tecnochat/channels/channel.hpp"

#include "tecnochat/core/assert.hpp"

namespace tecnochat::channels {

std::string_view to_string(State state) noexcept {
    switch (state) {
        case State::kConnected:
            return "connected";
        case State::kDisconnected:
            return "disconnected";
        case State::kSuspended:
            return "suspended";
    }
    TECNOCHAT_ASSERT(false, "a channel state out of range");
}

std::optional<State> parse_state(std::string_view word) noexcept {
    for (const auto state : {State::kConnected, State::kDisconnected, State::kSuspended}) {
        if (word == to_string(state)) return state;
    }
    return std::nullopt;
}

}  // namespace tecnochat::channels
