#include "app.hpp"

int main(int argc, char** argv) {
    using namespace tecnochat;
    whatsapp_connector::Config config;
    return runtime::run_service(
        argc,
        argv,
        {
            .name = "whatsapp-connector",
            .description =
                "Sends WhatsApp messages through Meta's Graph API, each at most once, and owns the authority to send.",
            .declare = [&](config::Options& options
                       ) { whatsapp_connector::declare(options, config); },
            .make = [&](telemetry::Metrics& metrics
                    ) { return whatsapp_connector::make_app(config, metrics); },
        }
    );
}
