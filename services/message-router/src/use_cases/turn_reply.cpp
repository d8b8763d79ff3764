#include "use_cases/turn_reply.hpp"

#include <utility>

#include "events/encode.hpp"

namespace tecnochat::message_router {

TurnReply turn_reply(
    const TurnPlace& place,
    Words words,
    Timestamp now,
    const std::optional<telemetry::TraceContext>& trace
) {
    const auto& [conversation, to, turn, sequence] = place;
    const auto& state = conversation.state;
    store::NewMessage row;
    row.tenant = state.tenant;
    row.id = domain::reply_id_of(turn);
    row.conversation = state.id;
    row.person = conversation.contact;
    row.sequence = sequence;
    row.direction = domain::Direction::kOut;
    row.provenance = words.provenance;
    row.type = "text";
    row.body = std::move(words.body);
    row.status = domain::MessageStatus::kQueued;
    row.turn = turn;
    row.sources = std::move(words.sources);
    row.created_at = now;
    auto event = events::send_text(
        {state.tenant, state.id, now, trace},
        {conversation.contact,
         conversation.phone_number_id,
         row.id,
         to,
         row.body,
         state.window_until}
    );
    return {std::move(row), std::move(event)};
}

}  // namespace tecnochat::message_router
