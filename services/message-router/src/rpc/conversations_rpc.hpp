#pragma once

#include "tecnochat/conversations/v1/conversations_service.grpc.pb.h"
#include "use_cases/read_conversations.hpp"
#include "use_cases/release_conversation.hpp"

namespace tecnochat::message_router {

/// ConversationsService: wire <-> use cases. Thread-safe. Every call works for the tenant of its
/// request and cannot see another's.
class ConversationsRpc final : public conversations::v1::ConversationsService::Service {
 public:
    ConversationsRpc(ReadConversations& read, message_router::ReleaseConversation& release)
        : read_(read), release_(release) {}

    grpc::Status ListConversations(
        grpc::ServerContext* context,
        const conversations::v1::ListConversationsRequest* request,
        conversations::v1::ListConversationsResponse* response
    ) override;
    grpc::Status GetConversation(
        grpc::ServerContext* context,
        const conversations::v1::GetConversationRequest* request,
        conversations::v1::GetConversationResponse* response
    ) override;
    grpc::Status ListMessages(
        grpc::ServerContext* context,
        const conversations::v1::ListMessagesRequest* request,
        conversations::v1::ListMessagesResponse* response
    ) override;
    grpc::Status ReleaseConversation(
        grpc::ServerContext* context,
        const conversations::v1::ReleaseConversationRequest* request,
        conversations::v1::ReleaseConversationResponse* response
    ) override;

 private:
    ReadConversations& read_;
    message_router::ReleaseConversation& release_;
};

}  // namespace tecnochat::message_router
