#include "rpc/conversations_rpc.hpp"

#include <algorithm>

#include "tecnochat/core/assert.hpp"
#include "tecnochat/rpc/handler.hpp"

namespace tecnochat::message_router {
namespace {

namespace v1 = conversations::v1;

/// A call may take this long even where its caller would wait longer.
constexpr Milliseconds kCallLimit{5000};

std::optional<std::string> optional(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return text;
}

// An id that cannot exist is as unknown as one that does not.
Result<ConversationId> conversation_id(const std::string& text) {
    auto id = ConversationId::parse(text);
    if (!id) return make_error(ErrorCode::kNotFound, "no such conversation");
    return id;
}

Result<TenantId> tenant_of(const std::string& text) {
    return rpc::parse_id<TenantId>(text, "TENANT_ID");
}

v1::TurnOwner to_wire(domain::TurnOwner owner) {
    switch (owner) {
        case domain::TurnOwner::kAi:
            return v1::TURN_OWNER_AI;
        case domain::TurnOwner::kHuman:
            return v1::TURN_OWNER_HUMAN;
    }
    TECNOCHAT_ASSERT(false, "unknown turn owner");
}

v1::Direction to_wire(domain::Direction direction) {
    return direction == domain::Direction::kIn ? v1::DIRECTION_IN : v1::DIRECTION_OUT;
}

v1::Provenance to_wire(domain::Provenance provenance) {
    switch (provenance) {
        case domain::Provenance::kCustomer:
            return v1::PROVENANCE_CUSTOMER;
        case domain::Provenance::kCustomerInBooking:
            return v1::PROVENANCE_CUSTOMER_IN_BOOKING;
        case domain::Provenance::kFlow:
            return v1::PROVENANCE_FLOW;
        case domain::Provenance::kAi:
            return v1::PROVENANCE_AI;
        case domain::Provenance::kAgent:
            return v1::PROVENANCE_AGENT;
        case domain::Provenance::kCalendar:
            return v1::PROVENANCE_CALENDAR;
        case domain::Provenance::kSystem:
            return v1::PROVENANCE_SYSTEM;
    }
    TECNOCHAT_ASSERT(false, "unknown provenance");
}

v1::MessageState to_wire(domain::MessageStatus status) {
    switch (status) {
        case domain::MessageStatus::kReceived:
            return v1::MESSAGE_STATE_RECEIVED;
        case domain::MessageStatus::kQueued:
            return v1::MESSAGE_STATE_QUEUED;
        case domain::MessageStatus::kSending:
            return v1::MESSAGE_STATE_SENDING;
        case domain::MessageStatus::kSent:
            return v1::MESSAGE_STATE_SENT;
        case domain::MessageStatus::kDelivered:
            return v1::MESSAGE_STATE_DELIVERED;
        case domain::MessageStatus::kRead:
            return v1::MESSAGE_STATE_READ;
        case domain::MessageStatus::kFailed:
            return v1::MESSAGE_STATE_FAILED;
        case domain::MessageStatus::kUnknown:
            return v1::MESSAGE_STATE_UNKNOWN;
    }
    TECNOCHAT_ASSERT(false, "unknown message status");
}

v1::TurnOutcome to_wire(domain::Outcome outcome) {
    switch (outcome) {
        case domain::Outcome::kReply:
            return v1::TURN_OUTCOME_REPLY;
        case domain::Outcome::kHandover:
            return v1::TURN_OUTCOME_HANDOVER;
        case domain::Outcome::kSilence:
            return v1::TURN_OUTCOME_SILENCE;
    }
    TECNOCHAT_ASSERT(false, "unknown outcome");
}

// What a newer version wrote and this one does not know stays UNSPECIFIED.
void fill(v1::Conversation& wire, const store::ConversationView& view) {
    wire.set_id(view.state.id.to_string());
    wire.set_phone_number_id(view.phone_number_id);
    auto& contact = *wire.mutable_contact();
    contact.set_id(view.contact.id.to_string());
    contact.set_user_id(view.contact.identity.user_id.value_or(""));
    contact.set_phone(view.contact.identity.phone.value_or(""));
    contact.set_name(view.contact.name);
    contact.set_erased(view.erased);
    if (view.turn_known) wire.set_turn(to_wire(view.state.turn));
    rpc::set_time(*wire.mutable_last_message_at(), view.state.last_message_at);
    wire.set_unread(static_cast<std::int32_t>(std::min<std::int64_t>(view.state.unread, INT32_MAX))
    );
    wire.set_parked(view.state.parked);
    wire.set_turn_epoch(view.state.turn_epoch);
    wire.set_needs_attention(view.state.needs_attention);
}

void fill(v1::Message& wire, const store::MessageView& view) {
    wire.set_id(view.id.to_string());
    wire.set_sequence(view.sequence);
    if (view.direction) wire.set_direction(to_wire(*view.direction));
    if (view.provenance) wire.set_provenance(to_wire(*view.provenance));
    wire.set_type(view.type);
    wire.set_text(view.text);
    wire.set_erased(view.erased);
    if (view.status) wire.set_status(to_wire(*view.status));
    wire.set_wamid(view.wamid);
    rpc::set_time(*wire.mutable_created_at(), view.created_at);
    for (const auto& id : view.in_reply_to) wire.add_in_reply_to(id);
    wire.set_turn_id(view.turn.to_string());
    if (view.turn_outcome) wire.set_turn_outcome(to_wire(*view.turn_outcome));
    wire.set_silence_reason(view.silence_reason);
    for (const auto& source : view.sources) {
        auto& item = *wire.add_sources();
        item.set_item_id(source.item_id);
        item.set_title(source.title);
        item.set_score(source.score);
    }
}

std::string to_token(const store::ConversationView& last) {
    return rpc::PageToken().add(last.state.last_message_at).add(last.state.id).encode();
}

Result<std::optional<store::ConversationCursor>> conversation_cursor(const std::string& text) {
    if (text.empty()) return std::optional<store::ConversationCursor>();
    TECNOCHAT_TRY(auto token, rpc::PageToken::decode(text));
    store::ConversationCursor cursor;
    TECNOCHAT_TRY(cursor.last_message_at, token.time());
    TECNOCHAT_TRY(cursor.id, token.id<ConversationId>());
    TECNOCHAT_CHECK(token.end());
    return std::optional(cursor);
}

std::string to_token(const store::MessageView& last) {
    return rpc::PageToken().add(last.sequence).encode();
}

Result<std::int64_t> message_cursor(const std::string& text) {
    if (text.empty()) return 0;
    TECNOCHAT_TRY(auto token, rpc::PageToken::decode(text));
    TECNOCHAT_TRY(const auto sequence, token.number());
    TECNOCHAT_CHECK(token.end());
    return sequence;
}

Status list_conversations(
    ReadConversations& read,
    const v1::ListConversationsRequest& request,
    v1::ListConversationsResponse& response,
    Deadline deadline
) {
    TECNOCHAT_TRY(const auto tenant, tenant_of(request.tenant_id()));
    TECNOCHAT_TRY(const int limit, rpc::page_size(request.page_size(), 50, 200));
    const store::ConversationFilter filter{
        optional(request.phone_number_id()), optional(request.contact_phone())
    };
    TECNOCHAT_TRY(const auto after, conversation_cursor(request.page_token()));
    TECNOCHAT_TRY(const auto page, read.list(tenant, {filter, after, limit}, deadline));
    for (const auto& view : page.items) fill(*response.add_conversations(), view);
    if (page.has_next) response.set_next_page_token(to_token(page.items.back()));
    return ok();
}

Status get_conversation(
    ReadConversations& read,
    const v1::GetConversationRequest& request,
    v1::GetConversationResponse& response,
    Deadline deadline
) {
    TECNOCHAT_TRY(const auto tenant, tenant_of(request.tenant_id()));
    TECNOCHAT_TRY(const auto id, conversation_id(request.conversation_id()));
    TECNOCHAT_TRY(const auto view, read.get(tenant, id, deadline));
    fill(*response.mutable_conversation(), view);
    return ok();
}

Status list_messages(
    ReadConversations& read,
    const v1::ListMessagesRequest& request,
    v1::ListMessagesResponse& response,
    Deadline deadline
) {
    TECNOCHAT_TRY(const auto tenant, tenant_of(request.tenant_id()));
    TECNOCHAT_TRY(const auto id, conversation_id(request.conversation_id()));
    TECNOCHAT_TRY(const int limit, rpc::page_size(request.page_size(), 100, 500));
    TECNOCHAT_TRY(const auto after, message_cursor(request.page_token()));
    TECNOCHAT_TRY(const auto page, read.messages(tenant, {id, after, limit}, deadline));
    for (const auto& view : page.items) fill(*response.add_messages(), view);
    if (page.has_next) response.set_next_page_token(to_token(page.items.back()));
    return ok();
}

Status release_conversation(
    ReleaseConversation& release,
    const v1::ReleaseConversationRequest& request,
    v1::ReleaseConversationResponse& response,
    Deadline deadline
) {
    TECNOCHAT_TRY(const auto tenant, tenant_of(request.tenant_id()));
    TECNOCHAT_TRY(const auto id, conversation_id(request.conversation_id()));
    TECNOCHAT_TRY(const auto view, release.run(tenant, id, deadline));
    fill(*response.mutable_conversation(), view);
    return ok();
}

}  // namespace

grpc::Status ConversationsRpc::ListConversations(
    grpc::ServerContext* context,
    const v1::ListConversationsRequest* request,
    v1::ListConversationsResponse* response
) {
    return rpc::serve(*context, kCallLimit, [&](Deadline deadline) {
        return list_conversations(read_, *request, *response, deadline);
    });
}

grpc::Status ConversationsRpc::GetConversation(
    grpc::ServerContext* context,
    const v1::GetConversationRequest* request,
    v1::GetConversationResponse* response
) {
    return rpc::serve(*context, kCallLimit, [&](Deadline deadline) {
        return get_conversation(read_, *request, *response, deadline);
    });
}

grpc::Status ConversationsRpc::ListMessages(
    grpc::ServerContext* context,
    const v1::ListMessagesRequest* request,
    v1::ListMessagesResponse* response
) {
    return rpc::serve(*context, kCallLimit, [&](Deadline deadline) {
        return list_messages(read_, *request, *response, deadline);
    });
}

grpc::Status ConversationsRpc::ReleaseConversation(
    grpc::ServerContext* context,
    const v1::ReleaseConversationRequest* request,
    v1::ReleaseConversationResponse* response
) {
    return rpc::serve(*context, kCallLimit, [&](Deadline deadline) {
        return release_conversation(release_, *request, *response, deadline);
    });
}

}  // namespace tecnochat::message_router
