#include "app.hpp"

#include <httplib.h>
#include <openssl/rand.h>

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

App::App(const Config& config)
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
      control_api_(simulator_, [this](Milliseconds duration) {
          if (duration.count() > 0) graph_server_->close_for(duration);
          if (duration.count() == 0) graph_server_->reopen();
      }) {
    add_numbers(config);
    graph_server_ = std::make_unique<HttpServer>(
        HttpServer::Options{config.simulator_listen},
        [this](const httplib::Request& request, httplib::Response& response) {
            if (!control_api_.handle(request, response)) graph_api_.handle(request, response);
        },
        [this](std::string_view first_bytes) { return graph_api_.refuses(first_bytes); }
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
