// Goal: a client finds its server again, in a process that has no server of its own: where one is,
// its threads happen to serve the client's connections too.
#include "tecnochat/rpc/client.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tecnochat/testkit/certificates.hpp"
#include "tecnochat/testkit/eventually.hpp"
#include "tecnochat/testkit/process.hpp"

using namespace tecnochat;
using namespace std::chrono_literals;

namespace {

/// The server's side of the test: where it listens stays the same, the process does not.
class OtherProcess {
 public:
    OtherProcess() {
        certificates_.make_ca("ours");
        const auto tls = certificates_.issue("router", "DNS:message-router", "ours", "ours");
        const auto list = certificates_.path("rpc.yaml");
        std::ofstream(list) << "version: 1\nservices:\n  message-router: {}\n";
        command_ = {LONE_SERVER, endpoint_, tls.ca, tls.certificate, tls.key, list};
    }
    void start() { process_.emplace(command_); }
    void kill() { process_.reset(); }
    std::shared_ptr<grpc::Channel> channel() {
        return rpc::connect(
            endpoint_,
            "message-router",
            certificates_.issue("gateway", "DNS:gateway", "ours", "ours")
        );
    }

 private:
    testkit::TestCertificates certificates_;
    std::string endpoint_ = "127.0.0.1:" + std::to_string(testkit::free_port());
    std::vector<std::string> command_;
    std::optional<testkit::ChildProcess> process_;
};

/// A call that every server answers.
grpc::Status ask(const std::shared_ptr<grpc::Channel>& channel, Milliseconds patience) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    rpc::prepare(context, Deadline::after(patience));
    grpc::CompletionQueue queue;
    const auto call = stub.PrepareUnaryCall(
        &context, "/grpc.health.v1.Health/Check", grpc::ByteBuffer(nullptr, 0), &queue
    );
    call->StartCall();
    grpc::ByteBuffer answer;
    grpc::Status status;
    call->Finish(&answer, &status, nullptr);
    void* tag = nullptr;
    bool succeeded = false;
    queue.Next(&tag, &succeeded);
    return status;
}

}  // namespace

TEST_CASE("a server that was away is found again by callers that ask now and then") {
    OtherProcess server;
    server.start();
    const auto channel = server.channel();
    REQUIRE(testkit::eventually(20s, [&] { return ask(channel, 2s).ok(); }));
    server.kill();
    // Until the client has tried in vain for a while, and waits longer and longer between its
    // tries.
    auto next = std::chrono::steady_clock::now();
    for (int i = 0; i < 8; ++i) {
        testkit::keep_pace(next, 1s);
        REQUIRE_FALSE(ask(channel, 500ms).ok());
    }
    server.start();
    next = std::chrono::steady_clock::now();
    CHECK(testkit::eventually(30s, [&] {
        testkit::keep_pace(next, 500ms);
        return ask(channel, 500ms).ok();
    }));
}
