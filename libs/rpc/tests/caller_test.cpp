// Goal: the decorators do in their order what each does alone. Method: a real gRPC server in this
// process, whose answers the test scripts; the pauses are only noted.
#include "tecnochat/rpc/caller.hpp"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>

#include "tecnochat/conversations/v1/conversations_service.grpc.pb.h"
#include "tecnochat/rpc/errors.hpp"
#include "tecnochat/testkit/eventually.hpp"

using namespace tecnochat;
using namespace tecnochat::rpc;
using namespace std::chrono_literals;
namespace v1 = tecnochat::conversations::v1;

namespace {

using Stub = v1::ConversationsService::Stub;

struct Peer final : v1::ConversationsService::Service {
    grpc::Status GetConversation(
        grpc::ServerContext* context,
        const v1::GetConversationRequest* request,
        v1::GetConversationResponse* response
    ) override {
        has_traceparent = context->client_metadata().contains("traceparent");
        response->mutable_conversation()->set_id(request->conversation_id());
        return answer(++calls, *context);
    }

    std::atomic<int> calls = 0;
    bool has_traceparent = false;
    std::function<grpc::Status(int call, grpc::ServerContext&)> answer;
};

struct Fixture {
    Peer peer;
    std::unique_ptr<grpc::Server> server;
    std::unique_ptr<Stub> stub;
    telemetry::Metrics metrics;
    CallPolicy policy;
    int pauses = 0;

    Fixture() {
        grpc::ServerBuilder builder;
        builder.RegisterService(&peer);
        server = builder.BuildAndStart();
        REQUIRE(server);
        stub = v1::ConversationsService::NewStub(server->InProcessChannel({}));
    }
    Result<v1::GetConversationResponse> get(Effect effect, Deadline deadline) {
        Caller caller(
            "router", metrics, policy, {[] { return 0.0; }, [&](Milliseconds) { ++pauses; }}
        );
        v1::GetConversationRequest request;
        request.set_conversation_id("c");
        const Method method{"GetConversation", effect};
        return caller.call(*stub, &Stub::GetConversation, method, request, deadline);
    }
    double counted(const std::string& name, const std::string& code) {
        return metrics
            .counter(name, "", {{"peer", "router"}, {"method", "GetConversation"}, {"code", code}})
            .value();
    }
    double retries(const std::string& code) {
        return counted("tecnochat_rpc_client_retries_total", code);
    }
    double ended(const std::string& code) {
        return counted("tecnochat_rpc_client_calls_total", code);
    }
    void fail_times(int n, grpc::StatusCode code) {
        peer.answer = [n, code](int call, grpc::ServerContext&) {
            return call <= n ? grpc::Status(code, "WHY: words") : grpc::Status::OK;
        };
    }
    /// The first `n` calls are answered only once their caller has given up.
    void stall_times(int n) {
        peer.answer = [n](int call, grpc::ServerContext& context) {
            if (call > n) return grpc::Status::OK;
            testkit::eventually(20s, [&] { return context.IsCancelled(); });
            return grpc::Status::CANCELLED;
        };
    }
};

Deadline soon() {
    return Deadline::after(20s);
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a peer that fails twice answers the third attempt") {
    fail_times(2, grpc::StatusCode::UNAVAILABLE);
    const auto response = get(Effect::kIdempotent, soon());
    REQUIRE(response);
    CHECK(response->conversation().id() == "c");
    CHECK(peer.calls == 3);
    CHECK(peer.has_traceparent);
    CHECK(pauses == 2);
    CHECK(retries("UNAVAILABLE") == 2);
    CHECK(ended("OK") == 1);
    CHECK(ended("UNAVAILABLE") == 0);
}

TEST_CASE_METHOD(Fixture, "a peer that goes on failing is given up after the policy's attempts") {
    fail_times(100, grpc::StatusCode::UNAVAILABLE);
    const auto response = get(Effect::kIdempotent, soon());
    REQUIRE_FALSE(response);
    CHECK(response.error().code == ErrorCode::kUnavailable);
    CHECK(response.error().reason == "WHY");
    CHECK(peer.calls == 3);
    CHECK(ended("UNAVAILABLE") == 1);
}

TEST_CASE_METHOD(Fixture, "an answer that will stay is taken at once") {
    fail_times(100, grpc::StatusCode::FAILED_PRECONDITION);
    const auto response = get(Effect::kIdempotent, soon());
    REQUIRE_FALSE(response);
    CHECK(response.error().code == ErrorCode::kFailedPrecondition);
    CHECK(peer.calls == 1);
    CHECK(pauses == 0);
    CHECK(ended("FAILED_PRECONDITION") == 1);
}

TEST_CASE_METHOD(Fixture, "what must not be done twice is repeated after ABORTED only") {
    SECTION("unavailable: it may have been done") {
        fail_times(1, grpc::StatusCode::UNAVAILABLE);
        CHECK_FALSE(get(Effect::kOnce, soon()));
        CHECK(peer.calls == 1);
    }
    SECTION("aborted: it was not") {
        fail_times(1, grpc::StatusCode::ABORTED);
        CHECK(get(Effect::kOnce, soon()));
        CHECK(peer.calls == 2);
        CHECK(retries("ABORTED") == 1);
    }
}

TEST_CASE_METHOD(Fixture, "a slow attempt ends by its own limit and leaves time for the next") {
    policy.attempt_limit = 200ms;
    policy.codes.push_back(ErrorCode::kDeadlineExceeded);
    stall_times(1);
    REQUIRE(get(Effect::kIdempotent, soon()));
    CHECK(peer.calls == 2);
    CHECK(retries("DEADLINE_EXCEEDED") == 1);
    CHECK(ended("OK") == 1);
}

TEST_CASE_METHOD(Fixture, "a policy without that code takes a slow attempt as the call's end") {
    policy.attempt_limit = 200ms;
    stall_times(100);
    CHECK(get(Effect::kIdempotent, soon()).error().code == ErrorCode::kDeadlineExceeded);
    CHECK(pauses == 0);
    CHECK(ended("DEADLINE_EXCEEDED") == 1);
}

TEST_CASE_METHOD(Fixture, "the call's deadline ends all attempts together") {
    policy.attempts_max = 1000;
    policy.codes.push_back(ErrorCode::kDeadlineExceeded);
    stall_times(1000);
    CHECK(
        get(Effect::kIdempotent, Deadline::after(300ms)).error().code ==
        ErrorCode::kDeadlineExceeded
    );
    CHECK(peer.calls == 1);
    CHECK(pauses == 0);
}

TEST_CASE_METHOD(Fixture, "what an earlier attempt answered is not left in the response") {
    peer.answer = [](int call, grpc::ServerContext&) {
        return call == 1 ? grpc::Status(grpc::StatusCode::ABORTED, "") : grpc::Status::OK;
    };
    const auto response = get(Effect::kIdempotent, soon());
    REQUIRE(response);
    CHECK(response->conversation().id() == "c");
}
