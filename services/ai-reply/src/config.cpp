#include "config.hpp"

namespace tecnochat::ai_reply {

void declare(config::Options& options, Config& config) {
    runtime::declare(options, config.service, kShape);
    options.number(
        "index-tenants",
        config.index_tenants,
        1,
        100'000,
        "tenants whose knowledge index stays in memory"
    );
    options.duration(
        "index-check-ms",
        config.index_check_ms,
        Milliseconds(0),
        Milliseconds(60'000),
        "how long an index is trusted before its tenant's knowledge version is read again"
    );
}

}  // namespace tecnochat::ai_reply
