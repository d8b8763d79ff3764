#pragma once

#include "config.hpp"

namespace tecnochat::echo_service {

/// The service, wired. Throws where it cannot start.
std::unique_ptr<runtime::App> make_app(const Config& config, telemetry::Metrics& metrics);

}  // namespace tecnochat::echo_service
