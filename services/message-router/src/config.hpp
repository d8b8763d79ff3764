#pragma once

#include "tecnochat/runtime/service_app.hpp"

namespace tecnochat::message_router {

/// Every setting of the service with its default; `--help` shows them.
struct Config {
    runtime::ServiceSettings service;
    /// Tells our send ids in Meta's statuses from those of other apps.
    Secret ingest_key;
    /// Older messages are stored and not answered.
    Milliseconds stale_after{600'000};
    /// The AI's time for an answer, from the customer's message on; then a person is asked.
    Milliseconds turn_timeout{600'000};
    /// 0: every message is a turn of its own. Nothing else is built yet.
    Milliseconds ai_debounce{0};

    Config() { service.rpc_listen = "127.0.0.1:9101"; }
};

void declare(config::Options& options, Config& config);

}  // namespace tecnochat::message_router
