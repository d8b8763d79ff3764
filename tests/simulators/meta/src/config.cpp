#include "config.hpp"

#include <nlohmann/json.hpp>

#include "http/json_exchange.hpp"

namespace tecnochat::meta_simulator {
namespace {

template <class T>
Result<T> named(const char* setting, Result<T> result) {
    if (result) return result;
    Error error = result.error();
    error.message = std::string(setting) + ": " + error.message;
    return error;
}

}  // namespace

void declare(config::Options& options, RawConfig& raw) {
    options.text("SIMULATOR_LISTEN", raw.simulator_listen, "host:port of the Graph and control API")
        .text("PHONE_LISTEN", raw.phone_listen, "host:port of the phone page")
        .text("SIMULATOR_WEBHOOK_URL", raw.webhook_url, "where webhooks are posted to (http)")
        .text("META_APP_ID", raw.app_id, "id of the simulated Meta app")
        .secret(
            "META_APP_SECRET",
            raw.app_secret,
            "signs webhooks and checks appsecret_proof",
            config::Presence::kRequired
        )
        .secret("META_VERIFY_TOKEN", raw.verify_token, "used by POST /sim/handshake")
        .secret(
            "SIMULATOR_TOKEN",
            raw.token,
            "the only access token the Graph API accepts",
            config::Presence::kRequired
        )
        .text(
            "SIMULATOR_NUMBERS",
            raw.numbers,
            "JSON list of {waba_id, phone_number_id, display_phone_number, name, tenant_id?, "
            "messages_per_second?}"
        )
        .text(
            "SIMULATOR_ROUTER_ENDPOINT",
            raw.router_endpoint,
            "host:port of message-router's gRPC for the handover banner; empty: no banner"
        )
        .number("SIMULATOR_WEBHOOK_LANES", raw.webhook_lanes, 1, 256, "parallel webhook deliveries")
        .number("SIMULATOR_LOG_ENTRIES", raw.log_entries, 100, 1'000'000, "requests remembered")
        .text("tls-ca", raw.tls.ca, "CA of the suite (PEM), for the router")
        .text("tls-cert", raw.tls.certificate, "the phone page's certificate (PEM)")
        .text("tls-key", raw.tls.key, "its key (PEM)");
}

Result<Config> judge(const RawConfig& raw) {
    Config config;
    TECNOCHAT_TRY(
        config.simulator_listen,
        named("SIMULATOR_LISTEN", parse_listen_address(raw.simulator_listen))
    );
    TECNOCHAT_TRY(
        config.phone_listen, named("PHONE_LISTEN", parse_listen_address(raw.phone_listen))
    );
    TECNOCHAT_TRY(
        config.webhook_url, named("SIMULATOR_WEBHOOK_URL", parse_webhook_url(raw.webhook_url))
    );
    TECNOCHAT_TRY(config.numbers, named("SIMULATOR_NUMBERS", parse_numbers(raw.numbers)));
    if (!raw.router_endpoint.empty() && raw.tls.ca.empty()) {
        return make_error(
            ErrorCode::kInvalidArgument,
            "SIMULATOR_ROUTER_ENDPOINT needs TECNOCHAT_TLS_CA, TECNOCHAT_TLS_CERT and "
            "TECNOCHAT_TLS_KEY"
        );
    }
    config.app_id = raw.app_id;
    config.app_secret = raw.app_secret;
    config.verify_token = raw.verify_token;
    config.token = raw.token;
    config.router_endpoint = raw.router_endpoint;
    config.tls = raw.tls;
    config.webhook_lanes = static_cast<std::size_t>(raw.webhook_lanes);
    config.log_entries = static_cast<std::size_t>(raw.log_entries);
    return config;
}

Result<std::vector<ConfiguredNumber>> parse_numbers(const std::string& json) {
    const auto list = nlohmann::json::parse(json, nullptr, false);
    if (!list.is_array()) return make_error(ErrorCode::kInvalidArgument, "not a JSON list");
    std::vector<ConfiguredNumber> numbers;
    for (const auto& item : list) {
        if (!item.is_object()) {
            return make_error(ErrorCode::kInvalidArgument, "a number is not a JSON object");
        }
        TECNOCHAT_CHECK(only_fields(
            item,
            {"waba_id",
             "phone_number_id",
             "display_phone_number",
             "name",
             "tenant_id",
             "messages_per_second"}
        ));
        ConfiguredNumber configured;
        Number& number = configured.number;
        TECNOCHAT_TRY(number.waba_id, string_field(item, "waba_id"));
        TECNOCHAT_TRY(number.phone_number_id, string_field(item, "phone_number_id"));
        TECNOCHAT_TRY(number.display_phone_number, string_field(item, "display_phone_number"));
        TECNOCHAT_TRY(number.name, string_field(item, "name", "Negocio"));
        TECNOCHAT_TRY(configured.tenant_id, string_field(item, "tenant_id"));
        TECNOCHAT_TRY(const auto rate, integer_field(item, "messages_per_second", 80));
        number.messages_per_second = static_cast<double>(rate);
        numbers.push_back(std::move(configured));
    }
    return numbers;
}

}  // namespace tecnochat::meta_simulator
