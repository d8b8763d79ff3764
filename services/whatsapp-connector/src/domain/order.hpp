#pragma once

#include <string>
#include <variant>

#include "domain/send.hpp"
#include "tecnochat/core/clock.hpp"

namespace tecnochat::whatsapp_connector {

/// A customer's message to be marked as read, perhaps with a typing indicator. Worth nothing after
/// `expires_at`.
struct ReadReceipt {
    std::string phone_number_id;
    std::string message_id;
    bool typing = false;
    Timestamp expires_at;
};

/// A command that can be read and that nobody can act on.
struct InvalidOrder {};

/// What the router orders of one number. A text's tenant is that of its number, known only once the
/// number is resolved.
struct Order {
    std::string phone_number_id;
    std::variant<InvalidOrder, NewSend, ReadReceipt> what;
};

}  // namespace tecnochat::whatsapp_connector
