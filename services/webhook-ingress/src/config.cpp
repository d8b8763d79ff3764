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
        .duration(
            "http-header-time-ms",
            config.header_time,
            Milliseconds(100),
            Milliseconds(60'000),
            "for a request's header, from its first byte"
        )
        .duration(
            "http-body-time-ms",
            config.body_time,
            Milliseconds(100),
            Milliseconds(120'000),
            "for a request's body"
        )
        .duration(
            "http-idle-time-ms",
            config.idle_time,
            Milliseconds(100),
            Milliseconds(600'000),
            "for a kept connection without a request"
        )
        .duration(
            "answer-within-ms",
            config.answer_within,
            Milliseconds(200),
            Milliseconds(10'000),
            "what the broker has not acknowledged by then is answered with 503"
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
    runtime::declare(options, config.service, kShape);
}

}  // namespace tecnochat::webhook_ingress
