#pragma once

#include <cstdint>

#include "tecnochat/runtime/service_app.hpp"

namespace tecnochat::ai_reply {

inline constexpr runtime::Shape kShape{.outbox = false};

/// Every setting of the service with its default; `--help` shows them.
struct Config {
    runtime::ServiceSettings service;
    /// Tenants whose index stays in memory; the least recently asked leaves first.
    std::int64_t index_tenants = 500;
    /// How long an index is trusted before the tenant's knowledge version is read again.
    Milliseconds index_check_ms{200};

    Config() { service.rpc_listen = "127.0.0.1:9103"; }
};

void declare(config::Options& options, Config& config);

}  // namespace tecnochat::ai_reply
