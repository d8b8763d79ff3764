#include "seed.hpp"

#include <fmt/core.h>
#include <grpcpp/channel.h>

#include <algorithm>
#include <cctype>
#include <thread>
#include <utility>

#include "tecnochat/conversations/v1/conversations_service.grpc.pb.h"
#include "tecnochat/knowledge/v1/knowledge_service.grpc.pb.h"
#include "tecnochat/rpc/client.hpp"
#include "tecnochat/rpc/server.hpp"
#include "tecnochat/whatsapp/v1/whatsapp_service.grpc.pb.h"

namespace tecnochat::provision {
namespace {

using conversations::v1::ConversationsService;
using knowledge::v1::KnowledgeService;
using whatsapp::v1::WhatsAppService;

constexpr Milliseconds kCallTimeout{5000};
constexpr Milliseconds kRouterPatience{15'000};
constexpr Milliseconds kPause{100};
/// One try to connect, TLS included.
constexpr Milliseconds kConnectTimeout{2000};

/// A service as errors name it.
struct Peer {
    std::string service;
    std::string endpoint;
};

Deadline earlier(Deadline deadline, Milliseconds budget) {
    return Deadline::after(std::min(deadline.remaining(), budget));
}

bool is_absence(ErrorCode code) {
    return code == ErrorCode::kUnavailable || code == ErrorCode::kDeadlineExceeded;
}

/// The error with the service's name, and what to look at where it is the service that is missing.
Error explain(const Peer& peer, Error error) {
    const char* advice = "";
    if (error.code == ErrorCode::kUnavailable) {
        advice = "; does it run, is that its address, and does one CA vouch for it and for us?";
    } else if (error.code == ErrorCode::kDeadlineExceeded) {
        advice = "; no answer in time, from it or from that address: see its log";
    }
    error.message = fmt::format(
        "{} at {}: {} ({}){}",
        peer.service,
        peer.endpoint,
        error.message,
        to_string(error.code),
        advice
    );
    return error;
}

/// A call that waits for its connection knows of nothing but its deadline. One that does not wait
/// hears why there is none.
template <class Call>
Status call_impatiently(const Peer& peer, const Call& call) {
    grpc::ClientContext context;
    rpc::prepare(context, Deadline::after(kConnectTimeout));
    context.set_wait_for_ready(false);
    const grpc::Status status = call(context);
    if (status.ok()) return ok();
    return explain(peer, rpc::from_grpc(status));
}

/// Calls until the service takes the call: one that has just started may not listen yet. For calls
/// that may be repeated.
template <class Call>
Status call_patiently(const Peer& peer, Deadline deadline, const Call& call) {
    while (true) {
        grpc::ClientContext context;
        rpc::prepare(context, earlier(deadline, kCallTimeout));
        const grpc::Status status = call(context);
        if (status.ok()) return ok();
        Error error = rpc::from_grpc(status);
        if (!is_absence(error.code)) return explain(peer, std::move(error));
        if (deadline.remaining() <= kPause) return call_impatiently(peer, call);
        std::this_thread::sleep_for(kPause);
    }
}

Status register_channel(const Business& business, const SeedTargets& targets, Deadline deadline) {
    const Peer peer{"whatsapp-connector", targets.connector};
    const auto stub =
        WhatsAppService::NewStub(rpc::connect(peer.endpoint, peer.service, targets.tls));
    whatsapp::v1::RegisterChannelRequest request;
    request.set_tenant_id(business.tenant_id);
    request.set_waba_id(business.waba_id);
    request.set_phone_number_id(business.phone_number_id);
    request.set_display_phone_number(business.display_phone_number);
    return call_patiently(peer, deadline, [&](grpc::ClientContext& context) {
        whatsapp::v1::RegisterChannelResponse response;
        return stub->RegisterChannel(&context, request, &response);
    });
}

knowledge::v1::KnowledgeKind to_kind(const std::string& word) {
    std::string name = "KNOWLEDGE_KIND_" + word;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
        return static_cast<char>(std::toupper(c));
    });
    auto kind = knowledge::v1::KNOWLEDGE_KIND_UNSPECIFIED;
    const bool known = knowledge::v1::KnowledgeKind_Parse(name, &kind);
    TECNOCHAT_ASSERT(known, "parse_knowledge() lets only the contract's kinds through");
    return kind;
}

Status put_items(
    const std::string& tenant_id,
    const std::vector<Knowledge>& items,
    const SeedTargets& targets,
    Deadline deadline
) {
    const Peer peer{"ai-reply", targets.ai_reply};
    const auto stub =
        KnowledgeService::NewStub(rpc::connect(peer.endpoint, peer.service, targets.tls));
    for (const auto& item : items) {
        knowledge::v1::PutItemRequest request;
        request.set_tenant_id(tenant_id);
        request.mutable_item()->set_id(item.id);
        request.mutable_item()->set_kind(to_kind(item.kind));
        request.mutable_item()->set_title(item.title);
        request.mutable_item()->set_text(item.text);
        TECNOCHAT_CHECK(call_patiently(peer, deadline, [&](grpc::ClientContext& context) {
            knowledge::v1::PutItemResponse response;
            return stub->PutItem(&context, request, &response);
        }));
    }
    return ok();
}

/// Until the router answers for the number, its messages would wait a little, and then go to the
/// dead letters.
Status wait_for_router(const Business& business, const SeedTargets& targets, Deadline deadline) {
    const Peer peer{"message-router", targets.router};
    const auto stub =
        ConversationsService::NewStub(rpc::connect(peer.endpoint, peer.service, targets.tls));
    conversations::v1::ListConversationsRequest request;
    request.set_tenant_id(business.tenant_id);
    request.set_phone_number_id(business.phone_number_id);
    request.set_page_size(1);
    while (true) {
        Status known = call_patiently(peer, deadline, [&](grpc::ClientContext& context) {
            conversations::v1::ListConversationsResponse response;
            return stub->ListConversations(&context, request, &response);
        });
        if (known || known.error().code != ErrorCode::kNotFound) return known;
        if (deadline.remaining() <= kPause) {
            return make_error(
                ErrorCode::kDeadlineExceeded,
                fmt::format(
                    "{} at {}: does not know the number {} yet; is channel.events consumed?",
                    peer.service,
                    peer.endpoint,
                    business.phone_number_id
                )
            );
        }
        std::this_thread::sleep_for(kPause);
    }
}

}  // namespace

Status seed(
    const Business& business,
    const std::vector<Knowledge>& knowledge,
    const SeedTargets& targets,
    Deadline deadline
) {
    TECNOCHAT_CHECK(register_channel(business, targets, deadline));
    TECNOCHAT_CHECK(put_items(business.tenant_id, knowledge, targets, deadline));
    return wait_for_router(business, targets, earlier(deadline, kRouterPatience));
}

}  // namespace tecnochat::provision
