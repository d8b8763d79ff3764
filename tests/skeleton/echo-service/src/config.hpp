#pragma once

#include "tecnochat/runtime/service_app.hpp"

namespace tecnochat::echo_service {

/// Every setting of the service with its default; `--help` shows them.
struct Config {
    runtime::ServiceSettings service;
};

inline constexpr runtime::Shape kShape;

inline void declare(config::Options& options, Config& config) {
    runtime::declare(options, config.service, kShape);
}

}  // namespace tecnochat::echo_service
