#pragma once

#include "tecnochat/runtime/service_app.hpp"

namespace tecnochat::example_service {

/// Every setting of the service with its default; `--help` shows them.
struct Config {
    runtime::ServiceSettings service;
    std::int64_t largest = 100;
};

inline constexpr runtime::Shape kShape{.rpc = false};

void declare(config::Options& options, Config& config);

}  // namespace tecnochat::example_service
