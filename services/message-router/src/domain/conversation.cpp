#include "domain/conversation.hpp"

namespace tecnochat::message_router::domain {

MessageId reply_id_of(const TurnId& turn) {
    return MessageId(Uuid::v5(kTecnochatNamespace, "reply:" + turn.to_string()));
}

}  // namespace tecnochat::message_router::domain
