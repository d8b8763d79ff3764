#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "domain/faults.hpp"
#include "domain/request_log.hpp"
#include "domain/world.hpp"
#include "webhooks/dispatcher.hpp"

namespace tecnochat::meta_simulator {

// The control API's and the phone page's JSON for the domain's values (README, "Control API").

nlohmann::json view(const Number& number);
nlohmann::json view(const Customer& customer);
/// Only the statuses that have happened by `now`.
nlohmann::json view(const Message& message, Timestamp now);
nlohmann::json view(const Fault& fault);
nlohmann::json view(const LoggedRequest& request);
nlohmann::json view(const RequestLog::Counters& counters);
nlohmann::json view(const WebhookCounters& counters);
nlohmann::json view(const Settings& settings);

/// One line; malformed UTF-8 becomes U+FFFD.
std::string dump(const nlohmann::json& json);

}  // namespace tecnochat::meta_simulator
