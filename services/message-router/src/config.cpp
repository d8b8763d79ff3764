#include "config.hpp"

namespace tecnochat::message_router {

void declare(config::Options& options, Config& config) {
    runtime::declare(options, config.service, {});
    options.secret(
        "ingest-key",
        config.ingest_key,
        "key of the values that come back in Meta's statuses; the same in every service",
        config::Presence::kRequired
    );
    options.duration(
        "stale-after-seconds",
        config.stale_after,
        std::chrono::seconds(1),
        std::chrono::days(7),
        "messages older than this are stored and not answered"
    );
    options.duration(
        "turn-timeout-seconds",
        config.turn_timeout,
        std::chrono::seconds(5),
        std::chrono::seconds(86'400),
        "a message without an answer for this long goes to a person"
    );
    options.duration(
        "ai-debounce-ms",
        config.ai_debounce,
        Milliseconds(0),
        Milliseconds(0),
        "how long to collect messages into one turn; only 0 for now: every message is its own turn"
    );
}

}  // namespace tecnochat::message_router
