// Goal: on the running services every certificate may call exactly the methods deploy/rpc.yaml
// grants it, and a certificate of another CA nothing.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>

#include "support/access_lists.hpp"
#include "support/kafka_probe.hpp"
#include "tecnochat/rpc/client.hpp"
#include "tecnochat/testkit/certificates.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {
namespace {

/// Whether to try again when a connection breaks off (a server at work), or to take the first word
/// for it (a refusal is expected).
enum class Patience { kWaitForReady, kFirstAnswer };

/// Calls a method with an empty request and says only how the call was received.
grpc::StatusCode call(
    const std::string& endpoint,
    const std::string& service,
    const config::TlsFiles& identity,
    const std::string& method,
    Patience patience
) {
    auto channel = rpc::connect(endpoint, service, identity);
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    context.set_wait_for_ready(patience == Patience::kWaitForReady);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    grpc::CompletionQueue queue;
    grpc::ByteBuffer answer;
    grpc::Status status;
    auto reader = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(nullptr, 0), &queue);
    reader->StartCall();
    reader->Finish(&answer, &status, nullptr);
    void* tag = nullptr;
    bool done = false;
    queue.Next(&tag, &done);
    return status.error_code();
}

}  // namespace

TEST_CASE("each certificate is refused every method it was not granted") {
    const auto stack = testkit::Stack::from_environment();
    for (const auto& [service, methods] : rpc_callers()) {
        const auto endpoint = stack.endpoint("/grpc/" + service);
        for (const auto& [method, callers] : methods) {
            for (const auto& principal : principals()) {
                INFO(principal << " calls " << method);
                const auto code = call(
                    endpoint, service, stack.identity(principal), method, Patience::kWaitForReady
                );
                if (callers.contains(principal)) {
                    // Received and judged by its content: an empty request names no tenant.
                    CHECK(code == grpc::StatusCode::INVALID_ARGUMENT);
                } else {
                    CHECK(code == grpc::StatusCode::PERMISSION_DENIED);
                }
            }
        }
    }
}

TEST_CASE("a certificate of another CA is refused by every server") {
    const auto stack = testkit::Stack::from_environment();
    testkit::TestCertificates certificates;
    certificates.make_ca("theirs");
    // They trust our CA, so that it is the server that must refuse.
    const auto foreign = [&](const std::string& name) {
        auto identity = certificates.issue(name, "DNS:" + name, "theirs", "theirs");
        identity.ca = stack.identity(name).ca;
        return identity;
    };
    const auto gateway = foreign("gateway");
    for (const auto& [service, methods] : rpc_callers()) {
        INFO(service);
        CHECK(
            call(
                stack.endpoint("/grpc/" + service),
                service,
                gateway,
                methods.begin()->first,
                Patience::kFirstAnswer
            ) == grpc::StatusCode::UNAVAILABLE
        );
    }
    const auto refused =
        KafkaProbe(stack.endpoint("/kafka"), foreign("message-router")).produce("ai.requests");
    CHECK(refused == "_SSL");
}

TEST_CASE("a server of another name is refused by its callers") {
    const auto stack = testkit::Stack::from_environment();
    const auto endpoint = stack.endpoint("/grpc/ai-reply");
    CHECK(
        call(
            endpoint,
            "message-router",
            stack.identity("gateway"),
            "/tecnochat.knowledge.v1.KnowledgeService/ListItems",
            Patience::kFirstAnswer
        ) == grpc::StatusCode::UNAVAILABLE
    );
}

}  // namespace tecnochat::scenarios
