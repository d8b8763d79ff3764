#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/wamid.hpp"
#include "tecnochat/core/clock.hpp"

namespace tecnochat::meta_simulator {

/// What the app's token may do with a number.
enum class Access { kOk, kTokenExpired, kTokenRevoked, kGone };

/// A business phone number registered with the simulated platform.
struct Number {
    std::string phone_number_id;
    std::string waba_id;
    std::string display_phone_number;
    std::string name;
    /// Digits of display_phone_number.
    std::string digits;
    /// Messages per second, in and out together (Meta: 80, upgraded numbers 1000).
    double messages_per_second = 80;
    Access access = Access::kOk;
};

/// When a customer's phone reports `read`.
enum class Reads { kNever, kAtOnce, kOnPage };

/// A person with WhatsApp. Known to every number; conversations are per (number, customer).
struct Customer {
    /// Digits of the phone number, the key.
    std::string wa_id;
    std::string name;
    Reads reads = Reads::kNever;
    /// A user name hides the phone: webhooks then carry user_id only.
    bool phone_hidden = false;
    /// Not on WhatsApp: sends end in a failed status 131026.
    bool unreachable = false;
};

enum class StatusKind { kSent, kDelivered, kRead, kFailed };

std::string_view to_string(StatusKind kind);

/// One step of an outbound message's life; `at` may lie a little in the future (planned).
struct StatusStep {
    StatusKind kind = StatusKind::kSent;
    Timestamp at;
    int error_code = 0;
};

/// How the webhook of a customer's message fares.
enum class WebhookState { kNone, kPending, kAccepted, kRetrying, kGivenUp };

std::string_view to_string(WebhookState state);

struct Message {
    std::string wamid;
    /// Global, increasing: the order in which the platform saw messages.
    std::uint64_t sequence = 0;
    Direction direction = Direction::kFromCustomer;
    std::string type = "text";
    /// Text body, or what a person would read for other types.
    std::string text;
    std::string context_id;
    Timestamp at;
    /// Outbound: biz_opaque_callback_data as sent; nullopt when the business gave none.
    std::optional<std::string> opaque;
    std::vector<StatusStep> statuses;
    /// Inbound.
    WebhookState webhook = WebhookState::kNone;
    int webhook_attempts = 0;
    int webhook_last_status = 0;
    bool read_by_business = false;
};

}  // namespace tecnochat::meta_simulator
