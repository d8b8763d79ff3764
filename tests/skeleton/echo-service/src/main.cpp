#include "app.hpp"

int main(int argc, char** argv) {
    using namespace tecnochat;
    echo_service::Config config;
    const runtime::ServiceSpec spec{
        .name = "echo-service",
        .description = "Keeps what every tenant says, and says it again.",
        .declare = [&](auto& options) { echo_service::declare(options, config); },
        .make = [&](auto& metrics) { return echo_service::make_app(config, metrics); },
    };
    return runtime::run_service(argc, argv, spec);
}
