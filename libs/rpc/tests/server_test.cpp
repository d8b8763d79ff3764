// Goal: nobody reaches a handler who may not, whatever they bring; and what is let in is traced,
// counted and drained. Method: a real server and real channels on loopback with throwaway
// certificates; the service is the conversations contract with a fake behind it.
#include "tecnochat/rpc/server.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "tecnochat/conversations/v1/conversations_service.grpc.pb.h"
#include "tecnochat/rpc/client.hpp"
#include "tecnochat/rpc/errors.hpp"
#include "tecnochat/telemetry/trace.hpp"
#include "tecnochat/testkit/certificates.hpp"

using namespace tecnochat;
namespace v1 = tecnochat::conversations::v1;

namespace {

class Gate {
 public:
    void open() {
        const std::scoped_lock lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    [[nodiscard]] bool wait() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20), [this] { return open_; });
    }

 private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

class FakeConversations final : public v1::ConversationsService::Service {
 public:
    std::atomic<int> calls{0};
    std::optional<telemetry::TraceContext> trace;
    Gate entered;
    Gate leave;

    grpc::Status
    GetConversation(grpc::ServerContext*, const v1::GetConversationRequest*, v1::GetConversationResponse*)
        override {
        ++calls;
        trace = telemetry::current_trace();
        return grpc::Status::OK;
    }
    grpc::Status
    ListConversations(grpc::ServerContext*, const v1::ListConversationsRequest*, v1::ListConversationsResponse*)
        override {
        ++calls;
        throw std::runtime_error("handler bug");
    }
    grpc::Status
    ReleaseConversation(grpc::ServerContext*, const v1::ReleaseConversationRequest*, v1::ReleaseConversationResponse*)
        override {
        ++calls;
        return rpc::to_grpc(make_error(ErrorCode::kNotFound, "no such one", "NOT_THERE"));
    }
    /// Runs until the test lets it go, or its call is cancelled.
    grpc::Status
    ListMessages(grpc::ServerContext* context, const v1::ListMessagesRequest* request, v1::ListMessagesResponse*)
        override {
        ++calls;
        entered.open();
        if (request->conversation_id() == "until cancelled") {
            while (!context->IsCancelled()) std::this_thread::yield();
            return grpc::Status::CANCELLED;
        }
        return leave.wait() ? grpc::Status::OK : grpc::Status::CANCELLED;
    }
};

Deadline soon() {
    return Deadline::after(Milliseconds(10'000));
}

std::string read_file(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

struct Fixture {
    testkit::TestCertificates certificates;
    telemetry::Metrics metrics;
    FakeConversations conversations;
    config::TlsFiles server_tls;
    std::string allow_list = certificates.path("rpc.yaml");
    std::unique_ptr<rpc::Server> server;

    Fixture() {
        certificates.make_ca("ours");
        certificates.make_ca("theirs");
        server_tls = certificates.issue("router", "DNS:message-router", "ours", "ours");
        write_allow_list("GetConversation");
        server = make_server();
        REQUIRE(server->start());
    }

    void write_allow_list(const std::string& first_method) const {
        std::ofstream(allow_list) << "version: 1\nservices:\n  message-router:\n"
                                     "    tecnochat.conversations.v1.ConversationsService:\n      "
                                  << first_method
                                  << ": [gateway]\n"
                                     "      ListConversations: [gateway]\n"
                                     "      ListMessages: [gateway]\n"
                                     "      ReleaseConversation: [gateway, provision]\n";
    }
    std::unique_ptr<rpc::Server> make_server(const std::string& listen = "127.0.0.1:0") {
        const rpc::ServerConfig config{"message-router", listen, server_tls, allow_list};
        return std::make_unique<rpc::Server>(
            config, std::vector<grpc::Service*>{&conversations}, metrics
        );
    }
    [[nodiscard]] std::string endpoint() const {
        return "127.0.0.1:" + std::to_string(server->port());
    }
    config::TlsFiles caller(const std::string& name) {
        return certificates.issue(name, "DNS:" + name, "ours", "ours");
    }
    std::shared_ptr<grpc::Channel> channel_of(const std::string& name) {
        return rpc::connect(endpoint(), "message-router", caller(name));
    }
};

/// Takes the first answer: these tests expect refusals, and wait for no server.
void prepare(grpc::ClientContext& context) {
    rpc::prepare(context, soon());
    context.set_wait_for_ready(false);
}

grpc::Status get_conversation(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    prepare(context);
    v1::GetConversationResponse response;
    return v1::ConversationsService::NewStub(channel)->GetConversation(&context, {}, &response);
}

grpc::Status release(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    prepare(context);
    v1::ReleaseConversationResponse response;
    return v1::ConversationsService::NewStub(channel)->ReleaseConversation(&context, {}, &response);
}

grpc::Status list_messages(const std::shared_ptr<grpc::Channel>& channel, const std::string& id) {
    grpc::ClientContext context;
    prepare(context);
    v1::ListMessagesRequest request;
    request.set_conversation_id(id);
    v1::ListMessagesResponse response;
    return v1::ConversationsService::NewStub(channel)->ListMessages(&context, request, &response);
}

/// A call with an empty request to any method, contract or not; its answer's bytes.
std::pair<grpc::Status, std::string> call_raw(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& method
) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    prepare(context);
    grpc::CompletionQueue queue;
    const grpc::ByteBuffer request(nullptr, 0);
    const auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool succeeded = false;
    queue.Next(&tag, &succeeded);
    std::vector<grpc::Slice> slices;
    std::string bytes;
    if (status.ok() && response.Dump(&slices).ok()) {
        for (const auto& slice : slices) {
            bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
        }
    }
    return {status, bytes};
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a listed caller reaches its methods and no others") {
    Fixture fixture;
    CHECK(get_conversation(fixture.channel_of("gateway")).ok());
    CHECK(fixture.conversations.calls == 1);
    const auto provision = fixture.channel_of("provision");
    CHECK(get_conversation(provision).error_code() == grpc::StatusCode::PERMISSION_DENIED);
    CHECK(fixture.conversations.calls == 1);
    CHECK(release(provision).error_code() == grpc::StatusCode::NOT_FOUND);
    CHECK(fixture.conversations.calls == 2);
    CHECK(contains(fixture.metrics.serialize(), "tecnochat_rpc_server_refused_total 1\n"));
}

TEST_CASE("an unknown caller and an unlisted method are refused before the handler") {
    Fixture fixture;
    const auto status = get_conversation(fixture.channel_of("calendar"));
    CHECK(status.error_code() == grpc::StatusCode::PERMISSION_DENIED);
    const auto [foreign, bytes] =
        call_raw(fixture.channel_of("gateway"), "/tecnochat.knowledge.v1.KnowledgeService/Ask");
    CHECK(foreign.error_code() == grpc::StatusCode::PERMISSION_DENIED);
    CHECK(fixture.conversations.calls == 0);
}

TEST_CASE("every DNS name of a certificate counts, a CN never does") {
    Fixture fixture;
    const auto several = fixture.certificates.issue(
        "several", "IP:127.0.0.1,DNS:localhost,DNS:gateway", "ours", "ours"
    );
    CHECK(get_conversation(rpc::connect(fixture.endpoint(), "message-router", several)).ok());
    const auto by_cn = fixture.certificates.issue("gateway", "", "ours", "ours");
    const auto by_uri = fixture.certificates.issue("gateway", "URI:gateway", "ours", "ours");
    for (const auto& tls : {by_cn, by_uri}) {
        const auto status =
            get_conversation(rpc::connect(fixture.endpoint(), "message-router", tls));
        CHECK(status.error_code() == grpc::StatusCode::PERMISSION_DENIED);
    }
    CHECK(fixture.conversations.calls == 1);
}

TEST_CASE("a wrong CA, no certificate and plaintext do not get as far as a call") {
    Fixture fixture;
    const auto foreign = fixture.certificates.issue("gateway", "DNS:gateway", "theirs", "ours");
    grpc::SslCredentialsOptions anonymous;
    anonymous.pem_root_certs = read_file(fixture.certificates.path("ours.pem"));
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("message-router");
    for (const auto& channel :
         {rpc::connect(fixture.endpoint(), "message-router", foreign),
          grpc::CreateCustomChannel(fixture.endpoint(), grpc::SslCredentials(anonymous), arguments),
          grpc::CreateChannel(fixture.endpoint(), grpc::InsecureChannelCredentials())}) {
        CHECK(get_conversation(channel).error_code() == grpc::StatusCode::UNAVAILABLE);
        const auto [health, bytes] = call_raw(channel, "/grpc.health.v1.Health/Check");
        CHECK(health.error_code() == grpc::StatusCode::UNAVAILABLE);
    }
    CHECK(fixture.conversations.calls == 0);
}

TEST_CASE("a client refuses a server with another name or of another CA") {
    Fixture fixture;
    const auto tls = fixture.caller("gateway");
    CHECK(
        get_conversation(rpc::connect(fixture.endpoint(), "ai-reply", tls)).error_code() ==
        grpc::StatusCode::UNAVAILABLE
    );
    const auto other = fixture.certificates.issue("gateway", "DNS:gateway", "ours", "theirs");
    CHECK(
        get_conversation(rpc::connect(fixture.endpoint(), "message-router", other)).error_code() ==
        grpc::StatusCode::UNAVAILABLE
    );
    CHECK(fixture.conversations.calls == 0);
}

TEST_CASE("health is served to every certificate of our CA") {
    Fixture fixture;
    const auto [status, bytes] =
        call_raw(fixture.channel_of("anyone"), "/grpc.health.v1.Health/Check");
    CHECK(status.ok());
    CHECK(bytes == "\x08\x01");  // HealthCheckResponse{status: SERVING}
}

TEST_CASE("the handler runs under the caller's trace, and only the handler") {
    Fixture fixture;
    const auto channel = fixture.channel_of("gateway");
    const auto trace = telemetry::TraceContext::generate();
    {
        const telemetry::TraceScope scope(trace);
        REQUIRE(get_conversation(channel).ok());
    }
    const auto seen = [&] {
        REQUIRE(fixture.conversations.trace);
        return fixture.conversations.trace.value_or(telemetry::TraceContext());
    };
    CHECK(seen().trace_id == trace.trace_id);
    CHECK(seen().span_id != trace.span_id);
    REQUIRE(get_conversation(channel).ok());
    CHECK(seen().trace_id != trace.trace_id);
}

TEST_CASE("calls are counted by method and code; a handler that throws is INTERNAL") {
    Fixture fixture;
    const auto channel = fixture.channel_of("gateway");
    REQUIRE(get_conversation(channel).ok());
    grpc::ClientContext context;
    prepare(context);
    v1::ListConversationsResponse response;
    const auto status =
        v1::ConversationsService::NewStub(channel)->ListConversations(&context, {}, &response);
    CHECK(status.error_code() == grpc::StatusCode::INTERNAL);
    CHECK_FALSE(contains(status.error_message(), "bug"));
    const Error error = rpc::from_grpc(release(channel));
    CHECK(error.code == ErrorCode::kNotFound);
    CHECK(error.reason == "NOT_THERE");

    const std::string text = fixture.metrics.serialize();
    const std::string service = "/tecnochat.conversations.v1.ConversationsService/";
    const auto counted = [&](const std::string& code, const std::string& method) {
        return contains(
            text,
            "tecnochat_rpc_server_calls_total{code=\"" + code + "\",method=\"" + service + method +
                "\"} 1\n"
        );
    };
    CHECK(counted("OK", "GetConversation"));
    CHECK(counted("INTERNAL", "ListConversations"));
    CHECK(counted("NOT_FOUND", "ReleaseConversation"));
    CHECK(contains(
        text, "tecnochat_rpc_server_seconds_count{method=\"" + service + "GetConversation\"} 1\n"
    ));
}

TEST_CASE("stop lets a running call finish and refuses new ones") {
    Fixture fixture;
    const auto channel = fixture.channel_of("gateway");
    grpc::Status running;
    std::jthread caller([&] { running = list_messages(channel, "until let go"); });
    REQUIRE(fixture.conversations.entered.wait());
    std::jthread stopper([&] { fixture.server->stop(soon()); });
    // The connection is told to go away before stop() waits for its calls.
    const auto is_refused = [&] {
        grpc::ClientContext context;
        prepare(context);
        v1::GetConversationResponse response;
        return !v1::ConversationsService::NewStub(channel)
                    ->GetConversation(&context, {}, &response)
                    .ok();
    };
    const Deadline patience = soon();
    while (!is_refused() && !patience.expired()) {
    }
    CHECK_FALSE(patience.expired());
    fixture.conversations.leave.open();
    stopper.join();
    caller.join();
    CHECK(running.ok());
}

TEST_CASE("stop cancels what still runs at the deadline") {
    Fixture fixture;
    const auto channel = fixture.channel_of("gateway");
    grpc::Status running;
    std::jthread caller([&] { running = list_messages(channel, "until cancelled"); });
    REQUIRE(fixture.conversations.entered.wait());
    fixture.server->stop(Deadline::after(Milliseconds(50)));
    caller.join();
    CHECK_FALSE(running.ok());
}

TEST_CASE("an expired deadline makes no call") {
    Fixture fixture;
    const auto channel = fixture.channel_of("gateway");
    grpc::ClientContext context;
    rpc::prepare(context, Deadline::after(Milliseconds(0)));
    v1::GetConversationResponse response;
    const auto status =
        v1::ConversationsService::NewStub(channel)->GetConversation(&context, {}, &response);
    CHECK(status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
    CHECK(fixture.conversations.calls == 0);
}

TEST_CASE("a start that cannot work says why") {
    Fixture fixture;
    const auto failure = [&](const std::string& listen = "127.0.0.1:0") {
        const auto started = fixture.make_server(listen)->start();
        return started ? std::string() : started.error().message;
    };
    SECTION("the port is taken") {
        CHECK(contains(failure(fixture.endpoint()), "cannot listen"));
    }
    SECTION("the list names a method that does not exist") {
        fixture.write_allow_list("GetConversatoin");
        CHECK(contains(failure(), "GetConversatoin"));
    }
    SECTION("the list is broken") {
        std::ofstream(fixture.allow_list) << "version: [";
        CHECK(contains(failure(), fixture.allow_list));
    }
    SECTION("a file is missing") {
        fixture.server_tls.key = "/nonexistent.key";
        CHECK(contains(failure(), "/nonexistent.key"));
        CHECK_THROWS(rpc::connect("127.0.0.1:1", "x", fixture.server_tls));
    }
    SECTION("key and certificate do not belong together") {
        fixture.server_tls.key = fixture.caller("gateway").key;
        CHECK(contains(failure(), "cannot listen"));
    }
}
