#pragma once

#include "config.hpp"

namespace tecnochat::example_service {

/// The service, wired. Throws where it cannot start.
std::unique_ptr<runtime::App> make_app(Config config, telemetry::Metrics& metrics);

}  // namespace tecnochat::example_service
