#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/model.hpp"
#include "http/server.hpp"
#include "tecnochat/config/options.hpp"
#include "tecnochat/config/settings.hpp"
#include "webhooks/http_poster.hpp"

namespace tecnochat::meta_simulator {

/// A number as SIMULATOR_NUMBERS lists it; tenant_id is only needed for the handover banner.
struct ConfiguredNumber {
    Number number;
    std::string tenant_id;
};

/// The settings as given; visible defaults.
struct RawConfig {
    std::string simulator_listen = "127.0.0.1:8091";
    std::string phone_listen = "127.0.0.1:8090";
    std::string webhook_url = "http://127.0.0.1:8081/webhooks/whatsapp";
    std::string app_id = "100000000000001";
    Secret app_secret;
    Secret verify_token;
    Secret token;
    std::string numbers = "[]";
    std::string router_endpoint;
    config::TlsFiles tls;
    std::int64_t webhook_lanes = 32;
    std::int64_t log_entries = 50'000;
};

/// The same, judged.
struct Config {
    ListenAddress simulator_listen;
    ListenAddress phone_listen;
    WebhookUrl webhook_url;
    std::string app_id;
    Secret app_secret;
    Secret verify_token;
    Secret token;
    std::vector<ConfiguredNumber> numbers;
    std::string router_endpoint;
    config::TlsFiles tls;
    std::size_t webhook_lanes = 32;
    std::size_t log_entries = 50'000;
};

void declare(config::Options& options, RawConfig& raw);
/// One clear line naming the setting when a value is bad.
Result<Config> judge(const RawConfig& raw);

/// `[{"waba_id","phone_number_id","display_phone_number","name","tenant_id"?,
/// "messages_per_second"?}]`
Result<std::vector<ConfiguredNumber>> parse_numbers(const std::string& json);

}  // namespace tecnochat::meta_simulator
