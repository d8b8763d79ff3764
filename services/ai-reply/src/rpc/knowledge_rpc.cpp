#include "rpc/knowledge_rpc.hpp"

#include <optional>

#include "tecnochat/core/assert.hpp"
#include "tecnochat/rpc/handler.hpp"
#include "wire.hpp"

namespace tecnochat::ai_reply {
namespace {

/// A call may take this long even where its caller would wait longer.
constexpr Milliseconds kCallLimit{5000};

constexpr int kQuestionBytesMax = 16 * 1024;

Error invalid(const char* message, const char* reason) {
    return make_error(ErrorCode::kInvalidArgument, message, reason);
}

Result<TenantId> parse_tenant(const std::string& text) {
    return rpc::parse_id<TenantId>(text, "TENANT_ID");
}

Result<KnowledgeItemId> parse_item(const std::string& text) {
    return rpc::parse_id<KnowledgeItemId>(text, "ITEM_ID");
}

std::string to_token(const KnowledgeItemId& last) {
    return rpc::PageToken().add(last).encode();
}

Result<std::optional<KnowledgeItemId>> parse_token(const std::string& text) {
    if (text.empty()) return std::optional<KnowledgeItemId>();
    TECNOCHAT_TRY(auto token, rpc::PageToken::decode(text));
    TECNOCHAT_TRY(const auto id, token.id<KnowledgeItemId>());
    TECNOCHAT_CHECK(token.end());
    return std::optional(id);
}

Result<KnowledgeKind> parse_kind(knowledge::v1::KnowledgeKind kind) {
    switch (kind) {
        case knowledge::v1::KNOWLEDGE_KIND_FAQ:
            return KnowledgeKind::kFaq;
        case knowledge::v1::KNOWLEDGE_KIND_HOURS:
            return KnowledgeKind::kHours;
        case knowledge::v1::KNOWLEDGE_KIND_PRODUCT:
            return KnowledgeKind::kProduct;
        case knowledge::v1::KNOWLEDGE_KIND_SERVICE:
            return KnowledgeKind::kService;
        case knowledge::v1::KNOWLEDGE_KIND_POLICY:
            return KnowledgeKind::kPolicy;
        case knowledge::v1::KNOWLEDGE_KIND_OTHER:
            return KnowledgeKind::kOther;
        default:  // an open enum: a newer caller may know more kinds
            return invalid("the item's kind is missing or unknown", "ITEM_KIND");
    }
}

knowledge::v1::KnowledgeKind to_wire(KnowledgeKind kind) {
    switch (kind) {
        case KnowledgeKind::kFaq:
            return knowledge::v1::KNOWLEDGE_KIND_FAQ;
        case KnowledgeKind::kHours:
            return knowledge::v1::KNOWLEDGE_KIND_HOURS;
        case KnowledgeKind::kProduct:
            return knowledge::v1::KNOWLEDGE_KIND_PRODUCT;
        case KnowledgeKind::kService:
            return knowledge::v1::KNOWLEDGE_KIND_SERVICE;
        case KnowledgeKind::kPolicy:
            return knowledge::v1::KNOWLEDGE_KIND_POLICY;
        case KnowledgeKind::kOther:
            return knowledge::v1::KNOWLEDGE_KIND_OTHER;
    }
    assertion_failed("KnowledgeKind", "an enumerator that does not exist", __FILE__, __LINE__);
}

void to_wire(const StoredItem& stored, knowledge::v1::KnowledgeItem& out) {
    out.set_id(stored.item.id.to_string());
    out.set_kind(to_wire(stored.item.kind));
    out.set_title(stored.item.title);
    out.set_text(stored.item.text);
    rpc::set_time(*out.mutable_updated_at(), stored.updated_at);
}

}  // namespace

Status KnowledgeRpc::put(
    const knowledge::v1::PutItemRequest& request,
    knowledge::v1::PutItemResponse& out,
    Deadline deadline
) {
    const knowledge::v1::KnowledgeItem& wire = request.item();
    KnowledgeItem item;
    TECNOCHAT_TRY(const TenantId tenant, parse_tenant(request.tenant_id()));
    TECNOCHAT_TRY(item.id, parse_item(wire.id()));
    TECNOCHAT_TRY(item.kind, parse_kind(wire.kind()));
    item.title = wire.title();
    item.text = wire.text();
    TECNOCHAT_TRY(const StoredItem stored, knowledge_.put(tenant, item, deadline));
    to_wire(stored, *out.mutable_item());
    return ok();
}

Status KnowledgeRpc::get(
    const knowledge::v1::GetItemRequest& request,
    knowledge::v1::GetItemResponse& out,
    Deadline deadline
) {
    TECNOCHAT_TRY(const TenantId tenant, parse_tenant(request.tenant_id()));
    TECNOCHAT_TRY(const auto id, parse_item(request.item_id()));
    TECNOCHAT_TRY(const StoredItem stored, knowledge_.get(tenant, id, deadline));
    to_wire(stored, *out.mutable_item());
    return ok();
}

Status KnowledgeRpc::list(
    const knowledge::v1::ListItemsRequest& request,
    knowledge::v1::ListItemsResponse& out,
    Deadline deadline
) {
    TECNOCHAT_TRY(const TenantId tenant, parse_tenant(request.tenant_id()));
    TECNOCHAT_TRY(const auto after, parse_token(request.page_token()));
    TECNOCHAT_TRY(const int limit, rpc::page_size(request.page_size(), 100, 500));
    TECNOCHAT_TRY(const KnowledgePage page, knowledge_.list(tenant, after, limit, deadline));
    for (const StoredItem& stored : page.items) to_wire(stored, *out.add_items());
    if (page.next) out.set_next_page_token(to_token(*page.next));
    return ok();
}

Status KnowledgeRpc::remove(const knowledge::v1::DeleteItemRequest& request, Deadline deadline) {
    TECNOCHAT_TRY(const TenantId tenant, parse_tenant(request.tenant_id()));
    TECNOCHAT_TRY(const auto id, parse_item(request.item_id()));
    return knowledge_.remove(tenant, id, deadline);
}

Status KnowledgeRpc::ask(
    const knowledge::v1::AskRequest& request, knowledge::v1::AskResponse& out, Deadline deadline
) {
    TECNOCHAT_TRY(const TenantId tenant, parse_tenant(request.tenant_id()));
    if (request.question().size() > kQuestionBytesMax) {
        return invalid("the question is too long", "QUESTION_TOO_LONG");
    }
    TECNOCHAT_TRY(const Reply reply, answer_turn_.run(tenant, {{request.question()}}, deadline));
    out.set_action(ai_reply::to_wire(reply.action));
    out.set_intent(ai_reply::to_wire(reply.intent));
    out.set_answer(reply.text);
    for (const Source& source : reply.sources) ai_reply::to_wire(source, *out.add_sources());
    return ok();
}

grpc::Status KnowledgeRpc::PutItem(
    grpc::ServerContext* context,
    const knowledge::v1::PutItemRequest* request,
    knowledge::v1::PutItemResponse* response
) {
    return rpc::serve(*context, kCallLimit, [&](Deadline deadline) {
        return put(*request, *response, deadline);
    });
}

grpc::Status KnowledgeRpc::GetItem(
    grpc::ServerContext* context,
    const knowledge::v1::GetItemRequest* request,
    knowledge::v1::GetItemResponse* response
) {
    return rpc::serve(*context, kCallLimit, [&](Deadline deadline) {
        return get(*request, *response, deadline);
    });
}

grpc::Status KnowledgeRpc::ListItems(
    grpc::ServerContext* context,
    const knowledge::v1::ListItemsRequest* request,
    knowledge::v1::ListItemsResponse* response
) {
    return rpc::serve(*context, kCallLimit, [&](Deadline deadline) {
        return list(*request, *response, deadline);
    });
}

grpc::Status KnowledgeRpc::DeleteItem(
    grpc::ServerContext* context,
    const knowledge::v1::DeleteItemRequest* request,
    knowledge::v1::DeleteItemResponse* /*response*/
) {
    return rpc::serve(*context, kCallLimit, [&](Deadline deadline) {
        return remove(*request, deadline);
    });
}

grpc::Status KnowledgeRpc::Ask(
    grpc::ServerContext* context,
    const knowledge::v1::AskRequest* request,
    knowledge::v1::AskResponse* response
) {
    return rpc::serve(*context, kCallLimit, [&](Deadline deadline) {
        return ask(*request, *response, deadline);
    });
}

}  // namespace tecnochat::ai_reply
