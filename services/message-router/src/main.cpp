#include "app.hpp"
#include "config.hpp"

int main(int argc, char** argv) {
    tecnochat::message_router::Config config;
    return tecnochat::runtime::run_service(
        argc,
        argv,
        {
            "message-router",
            "Keeps every conversation: stores messages, gives turns, accepts replies.",
            [&](tecnochat::config::Options& options) {
                tecnochat::message_router::declare(options, config);
            },
            [&](tecnochat::telemetry::Metrics& metrics) {
                return tecnochat::message_router::make_app(config, metrics);
            },
        }
    );
}
