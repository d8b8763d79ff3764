#pragma once

#include <string>

#include "tecnochat/runtime/service_app.hpp"

namespace tecnochat::webhook_ingress {

inline constexpr runtime::Shape kShape{
    .database = false, .outbox = false, .rpc = false, .dead_letters = false
};

/// Every setting of the service with its default; `--help` shows them.
struct Config {
    runtime::ServiceSettings service;
    std::string listen = "127.0.0.1:8081";
    std::int64_t io_threads = 2;
    std::int64_t max_connections = 4096;
    Milliseconds header_time{10'000};
    Milliseconds body_time{20'000};
    Milliseconds idle_time{60'000};
    /// Meta wants answers within seconds; what waits longer is 503 and comes again.
    Milliseconds answer_within{3'000};
    /// Signs every webhook; the previous one stays valid while it is being rotated.
    Secret app_secret;
    Secret app_secret_previous;
    Secret verify_token;
    /// Keys of records are an HMAC under it, so that no phone number stands in a key.
    Secret ingest_key;
};

void declare(config::Options& options, Config& config);

}  // namespace tecnochat::webhook_ingress
