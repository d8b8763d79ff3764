#pragma once

#include "domain/conversation.hpp"
#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::message_router::store {

/// The columns of a conversation's state as every statement names them; all but `turn`, whose word
/// may be a newer version's.
inline domain::Conversation read_state_but_turn(const postgres::Row& row) {
    domain::Conversation state;
    state.tenant = row.id<TenantId>("tenant_id");
    state.id = row.id<ConversationId>("id");
    state.turn_epoch = row.number("turn_epoch");
    state.next_sequence = row.number("next_sequence");
    state.last_message_at = row.time("last_message_at");
    state.window_until = row.time("window_until");
    state.unread = row.number("unread");
    state.parked = row.flag("parked");
    state.needs_attention = row.flag("needs_attention");
    return state;
}

}  // namespace tecnochat::message_router::store
