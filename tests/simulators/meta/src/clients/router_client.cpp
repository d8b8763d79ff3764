#include "clients/router_client.hpp"

#include <grpcpp/channel.h>

#include <map>
#include <utility>

#include "tecnochat/conversations/v1/conversations_service.grpc.pb.h"
#include "tecnochat/rpc/caller.hpp"

namespace tecnochat::meta_simulator {
namespace {

namespace v1 = tecnochat::conversations::v1;

constexpr int kConversationsAsked = 100;

using Service = v1::ConversationsService;

constexpr rpc::Method kList{"ListConversations", rpc::Effect::kIdempotent};
constexpr rpc::Method kRelease{"ReleaseConversation", rpc::Effect::kIdempotent};

/// Whatever else went wrong, the page only shows that the router is away.
Error to_error(const Error& error) {
    const bool missing = error.code == ErrorCode::kNotFound;
    return make_error(
        missing ? ErrorCode::kNotFound : ErrorCode::kUnavailable, "el enrutador no respondió"
    );
}

class GrpcRouterClient final : public RouterClient {
 public:
    explicit GrpcRouterClient(const Config& config)
        : stub_(Service::NewStub(rpc::connect(config.router_endpoint, "message-router", config.tls))
          ) {
        for (const auto& [number, tenant_id] : config.numbers) {
            if (!tenant_id.empty()) tenant_by_number_.emplace(number.phone_number_id, tenant_id);
        }
    }

    Result<std::set<std::string>> handed_over(Deadline deadline) override {
        std::set<std::string> keys;
        for (const auto& [phone_number_id, tenant_id] : tenant_by_number_) {
            TECNOCHAT_TRY(const auto answer, list(Thread{phone_number_id, {}}, deadline));
            for (const auto& conversation : answer.conversations()) {
                if (conversation.turn() != v1::TURN_OWNER_HUMAN) continue;
                keys.insert(Thread{phone_number_id, conversation.contact().phone()}.key());
            }
        }
        return keys;
    }

    Status release(const Thread& thread, Deadline deadline) override {
        TECNOCHAT_TRY(const auto found, list(thread, deadline));
        if (found.conversations().empty()) {
            return make_error(ErrorCode::kNotFound, "el enrutador no conoce la conversación");
        }
        v1::ReleaseConversationRequest request;
        request.set_tenant_id(tenant_by_number_.at(thread.phone_number_id));
        request.set_conversation_id(found.conversations(0).id());
        const auto released =
            caller_.call(*stub_, &Service::Stub::ReleaseConversation, kRelease, request, deadline);
        if (!released) return to_error(released.error());
        return ok();
    }

 private:
    /// The conversations of the thread's number; of its customer only, when it names one.
    Result<v1::ListConversationsResponse> list(const Thread& thread, Deadline deadline) {
        const auto tenant = tenant_by_number_.find(thread.phone_number_id);
        if (tenant == tenant_by_number_.end()) {
            return make_error(ErrorCode::kNotFound, "el número no tiene negocio");
        }
        v1::ListConversationsRequest request;
        request.set_tenant_id(tenant->second);
        request.set_page_size(kConversationsAsked);
        request.set_phone_number_id(thread.phone_number_id);
        request.set_contact_phone(thread.wa_id);
        auto listed =
            caller_.call(*stub_, &Service::Stub::ListConversations, kList, request, deadline);
        if (!listed) return to_error(listed.error());
        return listed;
    }

    std::map<std::string, std::string> tenant_by_number_;
    std::unique_ptr<Service::Stub> stub_;
    telemetry::Metrics metrics_;  // the page has no /metrics; its caller counts all the same
    rpc::Caller caller_{"message-router", metrics_};
};

class NoRouter final : public RouterClient {
 public:
    Result<std::set<std::string>> handed_over(Deadline) override { return absent(); }
    Status release(const Thread&, Deadline) override { return absent(); }

 private:
    static Error absent() {
        return make_error(ErrorCode::kUnavailable, "no hay enrutador configurado");
    }
};

}  // namespace

std::unique_ptr<RouterClient> make_router_client(const Config& config) {
    if (config.router_endpoint.empty()) return std::make_unique<NoRouter>();
    return std::make_unique<GrpcRouterClient>(config);
}

}  // namespace tecnochat::meta_simulator
