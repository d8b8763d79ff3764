#include "config.hpp"

namespace tecnochat::whatsapp_connector {

void declare(config::Options& options, Config& config) {
    using config::Presence;
    runtime::declare(options, config.service, kShape);
    config::declare_redis(options, config.redis_url);
    options.url("META_GRAPH_URL", config.graph.url, "Graph API without version")
        .text("META_GRAPH_VERSION", config.graph.version, "Graph API version")
        .text(
            "graph-ca-file",
            config.graph.ca_file,
            "CAs (PEM) by which the Graph API is believed; empty: the system's"
        )
        .text(
            "graph-token-file",
            config.graph_token_file,
            "file of mode 0600 that holds the Graph access token",
            Presence::kRequired
        )
        .secret(
            "ingest-key",
            config.ingest_key,
            "key shared by the services of one installation; signs the send ids that travel through Meta",
            Presence::kRequired
        )
        .duration(
            "in-doubt-seconds",
            config.sending.times.patience,
            Milliseconds(1000),
            Milliseconds(3'600'000),
            "how long an in-doubt send waits for its echo before it may become unknown"
        )
        .duration(
            "accepted-seconds",
            config.sending.times.silence,
            std::chrono::minutes(1),
            std::chrono::days(30),
            "how long an accepted send waits for a status before it counts as sent"
        )
        .duration(
            "sends-kept-seconds",
            config.sending.times.kept,
            kSendsKeptAtLeast,
            std::chrono::days(90),
            "how long a settled send is remembered"
        )
        .number(
            "send-workers",
            config.sending.workers,
            1,
            256,
            "posts to the Graph API under way at once"
        );
}

}  // namespace tecnochat::whatsapp_connector
