#include "seed.hpp"

#include <fmt/core.h>
#include <grpcpp/channel.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <memory>
#include <thread>
#include <utility>

#include "tecnochat/conversations/v1/conversations_service.grpc.pb.h"
#include "tecnochat/knowledge/v1/knowledge_service.grpc.pb.h"
#include "tecnochat/rpc/caller.hpp"
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

/// A service that has just started may not listen yet, and a call that waits for its connection
/// ends by its deadline: both are called again, as often as the time allows.
rpc::CallPolicy patient() {
    rpc::CallPolicy policy;
    policy.codes = {ErrorCode::kUnavailable, ErrorCode::kDeadlineExceeded, ErrorCode::kAborted};
    policy.attempts_max = std::numeric_limits<int>::max();
    policy.attempt_limit = kCallTimeout;
    policy.first_pause = policy.longest_pause = kPause;
    return policy;
}

/// One service: every call of seeding may be repeated.
template <class Service>
class Client {
 public:
    Client(std::string service, std::string endpoint, const config::TlsFiles& tls)
        : peer_{std::move(service), std::move(endpoint)},
          stub_(Service::NewStub(rpc::connect(peer_.endpoint, peer_.service, tls))),
          caller_(peer_.service, metrics_, patient()) {}

    [[nodiscard]] const Peer& peer() const { return peer_; }

    /// Calls until the service takes the call or the time is over; the error is explained.
    template <class Request, class Response>
    Status call(
        grpc::Status (Service::Stub::*rpc)(grpc::ClientContext*, const Request&, Response*),
        const Request& request,
        Deadline deadline
    ) {
        const std::string_view method = Request::descriptor()->name();
        const auto attempt = [&](grpc::ClientContext& context) {
            Response response;
            return ((*stub_).*rpc)(&context, request, &response);
        };
        Status status = caller_.run({method, rpc::Effect::kIdempotent}, deadline, attempt);
        // A call that waits for its connection knows of nothing but its deadline. One that does not
        // wait hears why there is none.
        if (!status && is_absence(status.error().code)) {
            status = rpc::over_wire([&](grpc::ClientContext& context) {
                context.set_wait_for_ready(false);
                return attempt(context);
            })(Deadline::after(kConnectTimeout));
        }
        if (!status) return explain(peer_, std::move(status).error());
        return ok();
    }

 private:
    Peer peer_;
    telemetry::Metrics metrics_;  // nobody reads them: this program ends
    std::unique_ptr<typename Service::Stub> stub_;
    rpc::Caller caller_;
};

Status register_channel(const Business& business, const SeedTargets& targets, Deadline deadline) {
    Client<WhatsAppService> client("whatsapp-connector", targets.connector, targets.tls);
    whatsapp::v1::RegisterChannelRequest request;
    request.set_tenant_id(business.tenant_id);
    request.set_waba_id(business.waba_id);
    request.set_phone_number_id(business.phone_number_id);
    request.set_display_phone_number(business.display_phone_number);
    return client.call(&WhatsAppService::Stub::RegisterChannel, request, deadline);
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
    Client<KnowledgeService> client("ai-reply", targets.ai_reply, targets.tls);
    for (const auto& item : items) {
        knowledge::v1::PutItemRequest request;
        request.set_tenant_id(tenant_id);
        request.mutable_item()->set_id(item.id);
        request.mutable_item()->set_kind(to_kind(item.kind));
        request.mutable_item()->set_title(item.title);
        request.mutable_item()->set_text(item.text);
        TECNOCHAT_CHECK(client.call(&KnowledgeService::Stub::PutItem, request, deadline));
    }
    return ok();
}

/// Until the router answers for the number, its messages would wait a little, and then go to the
/// dead letters.
Status wait_for_router(const Business& business, const SeedTargets& targets, Deadline deadline) {
    Client<ConversationsService> client("message-router", targets.router, targets.tls);
    conversations::v1::ListConversationsRequest request;
    request.set_tenant_id(business.tenant_id);
    request.set_phone_number_id(business.phone_number_id);
    request.set_page_size(1);
    while (true) {
        Status known =
            client.call(&ConversationsService::Stub::ListConversations, request, deadline);
        if (known || known.error().code != ErrorCode::kNotFound) return known;
        if (deadline.remaining() <= kPause) {
            return make_error(
                ErrorCode::kDeadlineExceeded,
                fmt::format(
                    "{} at {}: does not know the number {} yet; is channel.events consumed?",
                    client.peer().service,
                    client.peer().endpoint,
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
