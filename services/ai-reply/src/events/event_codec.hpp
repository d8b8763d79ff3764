#pragma once

#include "domain/reply.hpp"
#include "domain/turn_request.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/kafka/record.hpp"

namespace tecnochat::ai_reply {

/// A record of ai.requests. kInvalidArgument with reason UNPARSABLE or INVALID_ID: such a record
/// can never be answered.
Result<TurnRequest> parse_request(const kafka::Record& record);

/// The AiReply to `request`, for ai.replies; carries the trace of the calling thread.
kafka::OutRecord reply_record(
    const TurnRequest& request, const MessageId& reply_id, const Reply& reply, Timestamp now
);

}  // namespace tecnochat::ai_reply
