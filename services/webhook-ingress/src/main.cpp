#include "app.hpp"
#include "config.hpp"

int main(int argc, char** argv) {
    using namespace tecnochat;
    webhook_ingress::Config config;
    return runtime::run_service(
        argc,
        argv,
        {
            .name = "webhook-ingress",
            .description = "The public edge for Meta's webhooks: durable in Kafka before 200.",
            .declare = [&config](config::Options& options
                       ) { webhook_ingress::declare(options, config); },
            .make = [&config](telemetry::Metrics& metrics) -> std::unique_ptr<runtime::App> {
                return std::make_unique<webhook_ingress::App>(config, metrics);
            },
        }
    );
}
