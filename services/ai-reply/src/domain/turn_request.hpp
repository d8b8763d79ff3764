#pragma once

#include <cstdint>

#include "domain/reply.hpp"

namespace tecnochat::ai_reply {

/// The router asks for an answer to one turn of a conversation.
struct TurnRequest {
    TenantId tenant;
    ConversationId conversation;
    TurnId turn;
    std::int64_t turn_epoch = 0;
    Question question;
};

}  // namespace tecnochat::ai_reply
