#pragma once

#include <cstdint>
#include <string>

#include "tecnochat/config/options.hpp"
#include "tecnochat/config/settings.hpp"

namespace tecnochat::ai_reply {

/// Every setting of the service with its default; `--help` shows them.
struct Config {
    config::TlsFiles tls;
    config::KafkaSettings kafka;
    Secret postgres_url;
    std::string rpc_listen = "127.0.0.1:9103";
    std::string rpc_allow_list = "deploy/rpc.yaml";
    /// Tenants whose index stays in memory; the least recently asked leaves first.
    std::int64_t index_tenants = 500;
    /// How long an index is trusted before the tenant's knowledge version is read again.
    Milliseconds index_check_ms{200};
};

void declare(config::Options& options, Config& config);

}  // namespace tecnochat::ai_reply
