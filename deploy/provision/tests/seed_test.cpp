// Goal: seeding makes the calls the services expect, waits for the slow one, and says who refused.
// Method: the three services as fakes in this process, behind the real RPC server and allow-list.
#include "seed.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <mutex>

#include "tecnochat/conversations/v1/conversations_service.grpc.pb.h"
#include "tecnochat/knowledge/v1/knowledge_service.grpc.pb.h"
#include "tecnochat/rpc/server.hpp"
#include "tecnochat/testkit/certificates.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/whatsapp/v1/whatsapp_service.grpc.pb.h"

namespace tecnochat::provision {
namespace {

const Business kBusiness{"0199a7c0-1c00-7000-8000-000000000001", "501", "601", "+57 300 000 0142"};
const std::vector<Knowledge> kKnowledge{
    {"0199a7c0-1c00-7000-8000-000000000101", "hours", "Horario", "Abrimos a las 7."},
    {"0199a7c0-1c00-7000-8000-000000000102", "other", "Dirección", "Carrera 24."},
};

struct FakeConnector final : whatsapp::v1::WhatsAppService::Service {
    grpc::Status RegisterChannel(
        grpc::ServerContext* context,
        const whatsapp::v1::RegisterChannelRequest* request,
        whatsapp::v1::RegisterChannelResponse* /*response*/
    ) override {
        ++calls;
        last = *request;
        if (stalls)
            testkit::eventually(std::chrono::seconds(30), [&] { return context->IsCancelled(); });
        return answer;
    }
    std::atomic<int> calls = 0;
    bool stalls = false;  // until the caller gives up
    whatsapp::v1::RegisterChannelRequest last;
    grpc::Status answer;
};

struct FakeAiReply final : knowledge::v1::KnowledgeService::Service {
    grpc::Status PutItem(
        grpc::ServerContext* /*context*/,
        const knowledge::v1::PutItemRequest* request,
        knowledge::v1::PutItemResponse* /*response*/
    ) override {
        items[request->item().id()] = *request;
        return grpc::Status::OK;
    }
    std::map<std::string, knowledge::v1::PutItemRequest> items;
};

/// Learns the number only after some asking, as the real one does from its topic.
struct FakeRouter final : conversations::v1::ConversationsService::Service {
    grpc::Status ListConversations(
        grpc::ServerContext* /*context*/,
        const conversations::v1::ListConversationsRequest* request,
        conversations::v1::ListConversationsResponse* /*response*/
    ) override {
        number = request->phone_number_id();
        if (unknown_for == 0) return grpc::Status::OK;
        --unknown_for;
        return {grpc::StatusCode::NOT_FOUND, "no such number"};
    }
    int unknown_for = 0;
    std::string number;
};

class Services {
 public:
    Services() {
        certificates_.make_ca("ca");
        const auto serve = [&](const std::string& name, grpc::Service* service) {
            rpc::ServerConfig config{
                name,
                "127.0.0.1:0",
                certificates_.issue(name, "DNS:" + name, "ca", "ca"),
                std::string(TECNOCHAT_SOURCE_DIR) + "/deploy/rpc.yaml"
            };
            servers_.push_back(std::make_unique<rpc::Server>(
                std::move(config), std::vector<grpc::Service*>{service}, metrics_
            ));
            REQUIRE(servers_.back()->start());
            return "127.0.0.1:" + std::to_string(servers_.back()->port());
        };
        targets_.connector = serve("whatsapp-connector", &connector);
        targets_.ai_reply = serve("ai-reply", &ai_reply);
        targets_.router = serve("message-router", &router);
    }
    SeedTargets as(const std::string& caller) {
        targets_.tls = certificates_.issue(caller, "DNS:" + caller, "ca", "ca");
        return targets_;
    }

    FakeConnector connector;
    FakeAiReply ai_reply;
    FakeRouter router;

 private:
    testkit::TestCertificates certificates_;
    telemetry::Metrics metrics_;
    std::vector<std::unique_ptr<rpc::Server>> servers_;
    SeedTargets targets_;
};

bool holds(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

Deadline soon() {
    return Deadline::after(std::chrono::seconds(20));
}

}  // namespace

TEST_CASE("seeding twice leaves one number and each item once, and ends when the router knows") {
    Services services;
    services.router.unknown_for = 3;
    const auto targets = services.as("provision");
    for (int i = 0; i < 2; ++i) {
        const Status seeded = seed(kBusiness, kKnowledge, targets, soon());
        INFO((seeded ? "" : seeded.error().message));
        REQUIRE(seeded);
    }
    CHECK(services.connector.calls == 2);
    CHECK(services.connector.last.tenant_id() == kBusiness.tenant_id);
    CHECK(services.connector.last.waba_id() == "501");
    CHECK(services.connector.last.phone_number_id() == "601");
    CHECK(services.connector.last.display_phone_number() == "+57 300 000 0142");
    REQUIRE(services.ai_reply.items.size() == 2);
    const auto& hours = services.ai_reply.items.at(kKnowledge.front().id);
    CHECK(hours.tenant_id() == kBusiness.tenant_id);
    CHECK(hours.item().kind() == knowledge::v1::KNOWLEDGE_KIND_HOURS);
    CHECK(hours.item().text() == "Abrimos a las 7.");
    CHECK(services.router.unknown_for == 0);
    CHECK(services.router.number == "601");
}

TEST_CASE("a refusal names the service and its words") {
    Services services;
    services.connector.answer = {
        grpc::StatusCode::FAILED_PRECONDITION, "the number belongs to another tenant"
    };
    const auto targets = services.as("provision");
    const Status seeded = seed(kBusiness, kKnowledge, targets, soon());
    REQUIRE_FALSE(seeded);
    CHECK(
        seeded.error().message == "whatsapp-connector at " + targets.connector +
                                      ": the number belongs to another tenant "
                                      "(FAILED_PRECONDITION)"
    );
    CHECK(services.ai_reply.items.empty());
}

TEST_CASE("an identity that may not seed is refused") {
    Services services;
    const Status seeded = seed(kBusiness, kKnowledge, services.as("phone"), soon());
    REQUIRE_FALSE(seeded);
    CHECK(seeded.error().code == ErrorCode::kPermissionDenied);
    CHECK(services.connector.calls == 0);
}

TEST_CASE("a service that is not there is named with its address, the cause and what to look at") {
    Services services;
    auto targets = services.as("provision");
    targets.ai_reply = "127.0.0.1:1";
    const Status seeded =
        seed(kBusiness, kKnowledge, targets, Deadline::after(std::chrono::seconds(2)));
    REQUIRE_FALSE(seeded);
    const auto& message = seeded.error().message;
    INFO(message);
    CHECK(message.starts_with("ai-reply at 127.0.0.1:1: "));
    CHECK(holds(message, "Connection refused"));
    CHECK(holds(message, "does it run"));
    CHECK_FALSE(holds(message, "\n"));
}

TEST_CASE("a service of a foreign CA is named as one that we do not trust") {
    Services services;
    testkit::TestCertificates foreign;
    foreign.make_ca("ca");
    auto targets = services.as("provision");
    targets.tls = foreign.issue("provision", "DNS:provision", "ca", "ca");
    const Status seeded =
        seed(kBusiness, kKnowledge, targets, Deadline::after(std::chrono::seconds(2)));
    REQUIRE_FALSE(seeded);
    const auto& message = seeded.error().message;
    INFO(message);
    CHECK(message.starts_with("whatsapp-connector at " + targets.connector + ": "));
    CHECK(holds(message, "certificate verify failed"));
    CHECK(holds(message, "does one CA vouch"));
    CHECK(services.connector.calls == 0);
}

TEST_CASE("a service that takes the call and does not answer is told from one that is not there") {
    Services services;
    services.connector.stalls = true;
    const auto targets = services.as("provision");
    const Status seeded =
        seed(kBusiness, kKnowledge, targets, Deadline::after(std::chrono::seconds(1)));
    REQUIRE_FALSE(seeded);
    INFO(seeded.error().message);
    CHECK(seeded.error().code == ErrorCode::kDeadlineExceeded);
    CHECK(holds(seeded.error().message, "no answer in time"));
}

TEST_CASE("a router that never learns the number is named") {
    Services services;
    services.router.unknown_for = 1'000'000;
    const Status seeded = seed(
        kBusiness, kKnowledge, services.as("provision"), Deadline::after(std::chrono::seconds(1))
    );
    REQUIRE_FALSE(seeded);
    CHECK(seeded.error().code == ErrorCode::kDeadlineExceeded);
    CHECK(seeded.error().message.find("does not know the number 601 yet") != std::string::npos);
}

}  // namespace tecnochat::provision
