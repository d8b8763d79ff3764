#pragma once

#include <string>
#include <vector>

#include "demo_files.hpp"
#include "tecnochat/config/settings.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"

namespace tecnochat::provision {

/// Where the services answer, as host:port, and who asks: the identity must be one that
/// deploy/rpc.yaml lets in ("provision").
struct SeedTargets {
    std::string connector;
    std::string ai_reply;
    std::string router;
    config::TlsFiles tls;
};

/// Connects the business' number, stores its knowledge, and waits (at most 15 s) until the number
/// has reached message-router by its event: from then on a customer can write. Seeding twice
/// changes nothing; items that the list does not name stay. A service that is just starting is
/// waited for; errors name the service and what it said.
Status seed(
    const Business& business,
    const std::vector<Knowledge>& knowledge,
    const SeedTargets& targets,
    Deadline deadline
);

}  // namespace tecnochat::provision
