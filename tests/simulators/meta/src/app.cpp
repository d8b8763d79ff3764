#include "app.hpp"

#include <httplib.h>
#include <openssl/rand.h>

#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>

namespace tecnochat::meta_simulator {
namespace {

/// Seeded once per thread from the system; ids here must be unique, not secret.
std::uint64_t random_bits() {
    thread_local std::mt19937_64 engine{[] {
        std::random_device device;
        return std::uint64_t{device()} << 32U | device();
    }()};
    return engine();
}

}  // namespace

App::App(const Config& config) : App(config, make_router_client(config)) {}

App::App(const Config& config, std::unique_ptr<RouterClient> router)
    : simulator_(
          {config.app_secret.reveal(), config.webhook_lanes, config.log_entries},
          clock_,
          random_bits,
          [url = config.webhook_url] { return make_http_poster(url); }
      ),
      graph_api_(
          {config.token.reveal(), config.app_id, config.app_secret.reveal()},
          simulator_,
          random_bits
      ),
      control_api_(
          simulator_,
          {
              [this](Milliseconds duration) {
                  if (duration.count() > 0) graph_server_->close_for(duration);
                  if (duration.count() == 0) graph_server_->reopen();
              },
              [url = config.webhook_url,
               configured = config.verify_token](const std::string& token) {
                  return verify_webhook(
                      url,
                      token.empty() ? configured.reveal() : token,
                      std::to_string(random_bits() % 10'000'000'000)
                  );
              },
          }
      ),
      router_(std::move(router)),
      page_(simulator_, *router_),
      handover_watch_(simulator_, *router_, page_) {
    add_numbers(config);
    graph_server_ = std::make_unique<HttpServer>(
        HttpServer::Options{config.simulator_listen},
        [this](const httplib::Request& request, httplib::Response& response) {
            if (!control_api_.handle(request, response)) graph_api_.handle(request, response);
        },
        [this](std::string_view first_bytes) { return graph_api_.refuses(first_bytes); }
    );
    // The control API answers here too: it must work while the Graph API refuses connections.
    phone_server_ = std::make_unique<HttpServer>(
        HttpServer::Options{config.phone_listen},
        [this](const httplib::Request& request, httplib::Response& response) {
            if (page_.handle(request, response) || control_api_.handle(request, response)) return;
            answer_json(response, 404, {{"error", "no such page"}});
        }
    );
}

App::~App() {
    simulator_.stop();
}

void App::add_numbers(const Config& config) {
    for (const auto& configured : config.numbers) {
        const auto added = simulator_.with([&](World& world, FaultPlan&, RequestLog&) {
            return world.add_number(configured.number);
        });
        if (!added) throw std::runtime_error("SIMULATOR_NUMBERS: " + added.error().message);
    }
}

}  // namespace tecnochat::meta_simulator
