#include "app.hpp"
#include "config.hpp"

int main(int argc, char** argv) {
    tecnochat::ai_reply::Config config;
    return tecnochat::runtime::run_service(
        argc,
        argv,
        {
            "ai-reply",
            "Answers customers from the business' own knowledge base.",
            [&](tecnochat::config::Options& options) {
                tecnochat::ai_reply::declare(options, config);
            },
            [&](tecnochat::telemetry::Metrics& metrics) {
                return tecnochat::ai_reply::make_app(config, metrics);
            },
        }
    );
}
