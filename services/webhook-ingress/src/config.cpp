#include "config.hpp"

namespace tecnochat::webhook_ingress {

void declare(config::Options& options, Config& config) {
    using config::Presence;
    options.text("http-listen", config.listen, "public address and port; port 0 takes a free one")
        .number("http-io-threads", config.io_threads, 1, 64, "threads that serve connections")
        .number(
            "http-max-connections",
            config.max_connections,
            1,
            100'000,
            "further connections are turned away with 503"
        )
        .secret(
            "META_APP_SECRET",
            config.app_secret,
            "app secret that signs Meta's webhooks",
            Presence::kRequired
        )
        .secret(
            "META_APP_SECRET_PREVIOUS",
            config.app_secret_previous,
            "the secret before the last rotation; accepted too"
        )
        .secret(
            "META_VERIFY_TOKEN",
            config.verify_token,
            "token of Meta's handshake",
            Presence::kRequired
        )
        .secret(
            "ingest-key",
            config.ingest_key,
            "key of the HMAC that makes record keys",
            Presence::kRequired
        );
    config::declare(options, config.kafka.tls);
    config::declare(options, config.kafka);
}

}  // namespace tecnochat::webhook_ingress
