#pragma once

#include "clients/graph_client.hpp"
#include "tecnochat/config/options.hpp"
#include "tecnochat/config/settings.hpp"

namespace tecnochat::whatsapp_connector {

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
    std::int64_t send_workers = 16;
};

void declare(config::Options& options, Config& config);

}  // namespace tecnochat::whatsapp_connector
