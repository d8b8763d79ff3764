#include "tecnochat/rpc/client.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <chrono>
#include <stdexcept>
#include <string>

#include "credentials.hpp"
#include "tecnochat/telemetry/trace.hpp"

namespace tecnochat::rpc {
namespace {

constexpr int kReconnectMsMin = 100;
constexpr int kReconnectMsMax = 3000;
constexpr int kConnectMsMax = 5000;
constexpr int kKeepaliveMs = 30'000;

}  // namespace

std::shared_ptr<grpc::Channel> connect(
    const std::string& endpoint, const std::string& service, const config::TlsFiles& tls
) {
    route_grpc_log();
    auto credentials = channel_credentials(tls);
    if (!credentials) throw std::runtime_error(credentials.error().message);
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride(service);
    // A peer that restarts is back in a moment; gRPC's own back-off grows to two minutes.
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMsMin);
    // Despite its name: how long one attempt may take, TLS included. A busy machine needs seconds.
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMsMax);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMsMax);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
    // Internal calls never leave through a proxy or take policy from DNS.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
    return grpc::CreateCustomChannel(endpoint, *credentials, arguments);
}

void prepare(grpc::ClientContext& context, Deadline deadline) {
    context.set_deadline(std::chrono::system_clock::now() + deadline.remaining());
    // In gRPC 1.51 it is the waiting calls that serve a client's connections. One that fails at
    // once while the peer is away serves none, and gRPC's own watch, every 5 s, is too slow for
    // any attempt to connect: such callers would never see the peer again.
    context.set_wait_for_ready(true);
    const auto current = telemetry::current_trace();
    const auto trace = current ? current->child() : telemetry::TraceContext::generate();
    context.AddMetadata(std::string(telemetry::kTraceparentHeader), trace.traceparent());
}

}  // namespace tecnochat::rpc
