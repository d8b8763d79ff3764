#pragma once

#include <memory>

#include "config.hpp"

namespace tecnochat::whatsapp_connector {

/// The service, wired. Throws where it cannot start.
std::unique_ptr<runtime::App> make_app(const Config& config, telemetry::Metrics& metrics);

}  // namespace tecnochat::whatsapp_connector
