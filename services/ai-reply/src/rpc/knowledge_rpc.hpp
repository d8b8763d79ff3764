#pragma once

#include "tecnochat/knowledge/v1/knowledge_service.grpc.pb.h"
#include "use_cases/answer_turn.hpp"
#include "use_cases/manage_knowledge.hpp"

namespace tecnochat::ai_reply {

/// KnowledgeService on the use cases: wire to domain and back, no decisions. Who may call what is
/// checked by the server before (deploy/rpc.yaml).
class KnowledgeRpc final : public knowledge::v1::KnowledgeService::Service {
 public:
    KnowledgeRpc(ManageKnowledge& knowledge, AnswerTurn& answer_turn)
        : knowledge_(knowledge), answer_turn_(answer_turn) {}

    grpc::Status PutItem(
        grpc::ServerContext* context,
        const knowledge::v1::PutItemRequest* request,
        knowledge::v1::PutItemResponse* response
    ) override;
    grpc::Status GetItem(
        grpc::ServerContext* context,
        const knowledge::v1::GetItemRequest* request,
        knowledge::v1::GetItemResponse* response
    ) override;
    grpc::Status ListItems(
        grpc::ServerContext* context,
        const knowledge::v1::ListItemsRequest* request,
        knowledge::v1::ListItemsResponse* response
    ) override;
    grpc::Status DeleteItem(
        grpc::ServerContext* context,
        const knowledge::v1::DeleteItemRequest* request,
        knowledge::v1::DeleteItemResponse* response
    ) override;
    grpc::Status Ask(
        grpc::ServerContext* context,
        const knowledge::v1::AskRequest* request,
        knowledge::v1::AskResponse* response
    ) override;

 private:
    Status put(
        const knowledge::v1::PutItemRequest& request,
        knowledge::v1::PutItemResponse& out,
        Deadline deadline
    );
    Status get(
        const knowledge::v1::GetItemRequest& request,
        knowledge::v1::GetItemResponse& out,
        Deadline deadline
    );
    Status list(
        const knowledge::v1::ListItemsRequest& request,
        knowledge::v1::ListItemsResponse& out,
        Deadline deadline
    );
    Status remove(const knowledge::v1::DeleteItemRequest& request, Deadline deadline);
    Status ask(
        const knowledge::v1::AskRequest& request, knowledge::v1::AskResponse& out, Deadline deadline
    );

    ManageKnowledge& knowledge_;
    AnswerTurn& answer_turn_;
};

}  // namespace tecnochat::ai_reply
