#pragma once

#include <optional>
#include <string>

#include "domain/send_protocol.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/uuid.hpp"

namespace tecnochat::whatsapp_connector {

/// What Meta says about a message of one number.
struct StatusReport {
    /// The send of ours that it settles.
    struct OfSend {
        MessageId id;
        EchoKind kind = EchoKind::kDelivered;
    };

    std::string phone_number_id;
    std::string wamid;
    Timestamp occurred_at;
    int error_code = 0;            // Meta's; 0: none
    std::optional<OfSend> echoes;  // where it carries a send id of ours and says how that went
};

}  // namespace tecnochat::whatsapp_connector
