#pragma once

#include "clients/graph_client.hpp"
#include "tecnochat/config/options.hpp"
#include "tecnochat/config/settings.hpp"

namespace tecnochat::whatsapp_connector {

/// A send must be remembered for longer than its order may come again and still be posted: a record
/// of whatsapp.outbound lives a day (deploy/topics.yaml), and a day after the customer's message
/// the window of whatever the router publishes again is closed.
inline constexpr Milliseconds kSendsKeptAtLeast = std::chrono::days(2);

struct Config {
    config::TlsFiles tls;
    config::KafkaSettings kafka;
    Secret postgres_url;
    Secret redis_url;
    std::string rpc_listen = "127.0.0.1:8122";
    std::string rpc_allow_list = "deploy/rpc.yaml";
    GraphClient::Config graph;
    std::string graph_token_file;
    Secret ingest_key;
    Milliseconds in_doubt{120'000};
    /// How long an accepted send waits for a status before it counts as sent. Meta's `sent` comes
    /// within seconds, whether or not the customer's phone is on.
    Milliseconds accepted = std::chrono::hours(24);
    /// As long as Meta may repeat a webhook. Statuses may come for 30 days; the router applies them
    /// without our row.
    Milliseconds sends_kept = std::chrono::days(7);
    std::int64_t send_workers = 16;
};

void declare(config::Options& options, Config& config);

}  // namespace tecnochat::whatsapp_connector
