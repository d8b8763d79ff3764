#pragma once

#include <memory>

#include "config.hpp"
#include "tecnochat/runtime/service.hpp"

namespace tecnochat::message_router {

/// The service, wired. Throws where it cannot start.
std::unique_ptr<runtime::App> make_app(const Config& config, telemetry::Metrics& metrics);

}  // namespace tecnochat::message_router
