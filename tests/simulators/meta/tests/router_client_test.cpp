// The handover banner's way to message-router: the real allow-list and mutual TLS, a fake service.

#include "clients/router_client.hpp"

#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>

#include "fakes.hpp"
#include "tecnochat/conversations/v1/conversations_service.grpc.pb.h"
#include "tecnochat/rpc/server.hpp"
#include "tecnochat/testkit/certificates.hpp"

using namespace tecnochat;
using namespace tecnochat::meta_simulator;
using namespace std::chrono_literals;
namespace v1 = tecnochat::conversations::v1;

namespace {

/// One tenant with a customer whose turn is a person's and one whose turn is the AI's.
class FakeRouterService final : public v1::ConversationsService::Service {
 public:
    grpc::Status ListConversations(
        grpc::ServerContext*,
        const v1::ListConversationsRequest* request,
        v1::ListConversationsResponse* response
    ) override {
        if (request->tenant_id() != "tenant" || request->phone_number_id() != "20001") {
            return grpc::Status::OK;
        }
        for (const auto* phone : {"573001112233", "573009998877"}) {
            if (!request->contact_phone().empty() && request->contact_phone() != phone) continue;
            auto* conversation = response->add_conversations();
            conversation->set_id("conversation of " + std::string(phone));
            conversation->mutable_contact()->set_phone(phone);
            const bool human = std::string_view(phone) == "573001112233";
            conversation->set_turn(human ? v1::TURN_OWNER_HUMAN : v1::TURN_OWNER_AI);
        }
        return grpc::Status::OK;
    }
    grpc::Status
    ReleaseConversation(grpc::ServerContext*, const v1::ReleaseConversationRequest* request, v1::ReleaseConversationResponse*)
        override {
        released = request->tenant_id() + "/" + request->conversation_id();
        return grpc::Status::OK;
    }

    std::string released;
};

struct Fixture {
    testkit::TestCertificates certificates;
    FakeRouterService service;
    telemetry::Metrics metrics;
    std::unique_ptr<rpc::Server> server;
    Config config;

    Fixture() {
        certificates.make_ca("ca");
        rpc::ServerConfig settings;
        settings.service = "message-router";
        settings.listen = "127.0.0.1:0";
        settings.tls =
            certificates.issue("message-router", "DNS:message-router,DNS:localhost", "ca", "ca");
        settings.allow_list = std::string(TECNOCHAT_SOURCE_DIR) + "/deploy/rpc.yaml";
        server =
            std::make_unique<rpc::Server>(settings, std::vector<grpc::Service*>{&service}, metrics);
        REQUIRE(server->start());
        config.router_endpoint = "127.0.0.1:" + std::to_string(server->port());
        config.tls = certificates.issue("phone", "DNS:phone", "ca", "ca");
        config.numbers.push_back({cafe(), "tenant"});
    }
    static Deadline soon() { return Deadline::after(10s); }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "only conversations whose turn is a person's count as handed over") {
    const auto router = make_router_client(config);
    const auto keys = router->handed_over(soon());
    REQUIRE(keys);
    CHECK(*keys == std::set<std::string>{"20001|573001112233"});
}

TEST_CASE_METHOD(Fixture, "release names the customer's own conversation") {
    const auto router = make_router_client(config);
    REQUIRE(router->release({"20001", "573001112233"}, soon()));
    CHECK(service.released == "tenant/conversation of 573001112233");
    CHECK(router->release({"20001", "573000000000"}, soon()).error().code == ErrorCode::kNotFound);
    CHECK(router->release({"20009", "573001112233"}, soon()).error().code == ErrorCode::kNotFound);
}

TEST_CASE_METHOD(Fixture, "a router that is gone or does not know us is unavailable") {
    auto stranger = config;
    stranger.tls = certificates.issue("stranger", "DNS:stranger", "ca", "ca");
    CHECK(
        make_router_client(stranger)->handed_over(soon()).error().code == ErrorCode::kUnavailable
    );
    const auto router = make_router_client(config);
    server->stop(soon());
    server.reset();
    CHECK(router->handed_over(Deadline::after(300ms)).error().code == ErrorCode::kUnavailable);

    Config without;
    CHECK_FALSE(make_router_client(without)->handed_over(soon()));
}
