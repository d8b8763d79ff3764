#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "domain/reply.hpp"
#include "tecnochat/core/result.hpp"

namespace tecnochat::ai_reply {

/// An AiRequest in domain words.
struct TurnRequest {
    TenantId tenant;
    ConversationId conversation;
    TurnId turn;
    std::int64_t turn_epoch = 0;
    Question question;
};

/// kInvalidArgument with reason UNPARSABLE or INVALID_ID: such a record can never be answered.
Result<TurnRequest> parse_request(std::string_view bytes);

/// The AiReply to `request`.
std::string serialize_reply(
    const TurnRequest& request, const MessageId& reply_id, const Reply& reply
);

}  // namespace tecnochat::ai_reply
