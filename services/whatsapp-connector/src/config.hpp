#pragma once

#include "clients/graph_client.hpp"
#include "tecnochat/runtime/service_app.hpp"
#include "use_cases/sending.hpp"

namespace tecnochat::whatsapp_connector {

/// A send must be remembered for longer than its order may come again and still be posted: a record
/// of whatsapp.outbound lives a day (deploy/topics.yaml), and a day after the customer's message
/// the window of whatever the router publishes again is closed.
inline constexpr Milliseconds kSendsKeptAtLeast = std::chrono::days(2);

inline constexpr runtime::Shape kShape{};

/// Every setting of the service with its default; `--help` shows them.
struct Config {
    runtime::ServiceSettings service;
    Secret redis_url;
    GraphClient::Config graph;
    std::string graph_token_file;
    Secret ingest_key;
    Sending::Config sending;

    Config() { service.rpc_listen = "127.0.0.1:8122"; }
};

void declare(config::Options& options, Config& config);

}  // namespace tecnochat::whatsapp_connector
