#include "domain/send.hpp"

#include <array>
#include <utility>

namespace tecnochat::whatsapp_connector {
namespace {

constexpr std::array<std::pair<SendState, std::string_view>, 8> kNames{{
    {SendState::kQueued, "queued"},
    {SendState::kClaimed, "claimed"},
    {SendState::kWire, "wire"},
    {SendState::kAccepted, "accepted"},
    {SendState::kInDoubt, "in_doubt"},
    {SendState::kSent, "sent"},
    {SendState::kFailed, "failed"},
    {SendState::kUnknown, "unknown"},
}};

}  // namespace

std::string_view to_string(SendState state) noexcept {
    for (const auto& [value, name] : kNames) {
        if (value == state) return name;
    }
    return "queued";
}

std::optional<SendState> parse_send_state(std::string_view text) noexcept {
    for (const auto& [value, name] : kNames) {
        if (name == text) return value;
    }
    return std::nullopt;
}

bool is_terminal(SendState state) noexcept {
    return state == SendState::kSent || state == SendState::kFailed || state == SendState::kUnknown;
}

}  // namespace tecnochat::whatsapp_connector
