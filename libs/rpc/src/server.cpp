#include "tecnochat/rpc/server.hpp"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>

#include "allow_list.hpp"
#include "authorizer.hpp"
#include "call_observer.hpp"
#include "credentials.hpp"
#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::rpc {
namespace {

/// Handlers do short database work; more at once would only queue at the pool. A call beyond the
/// limit is answered RESOURCE_EXHAUSTED.
constexpr int kThreadsMax = 32;
constexpr int kPollersMax = 2;
constexpr int kStreamsPerConnectionMax = 100;
constexpr int kMessageBytesMax = 4 * 1024 * 1024;

/// A list that names a method no linked contract has is a misspelling, and would refuse its callers
/// only when they come.
Status check_methods(const AllowList& list) {
    for (const std::string& method : list.methods()) {
        std::string name = method.substr(1);
        std::replace(name.begin(), name.end(), '/', '.');
        const auto* pool = google::protobuf::DescriptorPool::generated_pool();
        if (pool->FindMethodByName(name) == nullptr) {
            return make_error(
                ErrorCode::kInvalidArgument,
                fmt::format("the allow-list names {}, which this server does not have", method)
            );
        }
    }
    return ok();
}

}  // namespace

struct Server::Impl {
    ServerConfig config;
    std::vector<grpc::Service*> services;
    telemetry::Metrics& metrics;
    int port = 0;
    std::unique_ptr<grpc::Server> server;
};

Server::Server(
    ServerConfig config, std::vector<grpc::Service*> services, telemetry::Metrics& metrics
)
    : impl_(new Impl{std::move(config), std::move(services), metrics, 0, nullptr}) {}

Server::~Server() {
    stop(Deadline::after(Milliseconds(0)));
}

Status Server::start() {
    TECNOCHAT_ASSERT(!impl_->server, "a server is started once");
    route_grpc_log();
    const ServerConfig& config = impl_->config;
    TECNOCHAT_TRY(AllowList allow_list, AllowList::load(config.allow_list, config.service));
    TECNOCHAT_CHECK(check_methods(allow_list));
    TECNOCHAT_TRY(const auto credentials, server_credentials(config.tls));
    credentials->SetAuthMetadataProcessor(
        std::make_shared<Authorizer>(std::move(allow_list), impl_->metrics)
    );

    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort(config.listen, credentials, &impl_->port);
    // Without this a second process would share the port unnoticed.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
    builder.SetMaxReceiveMessageSize(kMessageBytesMax);
    builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, kPollersMax);
    grpc::ResourceQuota quota("tecnochat-rpc");
    quota.SetMaxThreads(kThreadsMax);
    builder.SetResourceQuota(quota);
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> observers;
    observers.push_back(std::make_unique<CallObserverFactory>(impl_->metrics));
    builder.experimental().SetInterceptorCreators(std::move(observers));
    for (grpc::Service* service : impl_->services) builder.RegisterService(service);

    impl_->server = builder.BuildAndStart();
    if (!impl_->server || impl_->port == 0) {
        impl_->server.reset();
        return make_error(
            ErrorCode::kUnavailable,
            fmt::format(
                "gRPC cannot listen on {}: is it in use, and do {} and {} belong together?",
                config.listen,
                config.tls.certificate,
                config.tls.key
            )
        );
    }
    telemetry::log_info("rpc port is open", {{"port", impl_->port}});
    return ok();
}

int Server::port() const {
    return impl_->port;
}

void Server::stop(Deadline deadline) {
    if (!impl_->server) return;
    if (auto* health = impl_->server->GetHealthCheckService()) health->SetServingStatus(false);
    impl_->server->Shutdown(std::chrono::system_clock::now() + deadline.remaining());
    impl_->server->Wait();
    impl_->server.reset();
}

}  // namespace tecnochat::rpc
