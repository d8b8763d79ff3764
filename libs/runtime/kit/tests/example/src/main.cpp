#include "app.hpp"

int main(int argc, char** argv) {
    using namespace tecnochat;
    example_service::Config config;
    return runtime::run_service(
        argc,
        argv,
        {
            .name = "example-service",
            .description = "Counts the things of every tenant.",
            .declare = [&](config::Options& options) { example_service::declare(options, config); },
            .make = [&](telemetry::Metrics& metrics
                    ) { return example_service::make_app(config, metrics); },
        }
    );
}
