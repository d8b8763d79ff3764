#pragma once

#include <memory>

#include "config.hpp"
#include "http/control_api.hpp"
#include "http/graph_api.hpp"
#include "http/server.hpp"
#include "page/handover_watch.hpp"
#include "page/phone_page.hpp"
#include "simulator.hpp"
#include "tecnochat/core/clock.hpp"

namespace tecnochat::meta_simulator {

/// The composition root. Constructing it listens and serves; destroying it stops in order. Throws
/// when a port cannot be listened on or a configured number is wrong.
class App {
 public:
    explicit App(const Config& config);
    /// With another router; for tests.
    App(const Config& config, std::unique_ptr<RouterClient> router);
    App(const App&) = delete;
    App& operator=(const App&) = delete;
    ~App();

    [[nodiscard]] int graph_port() const { return graph_server_->port(); }
    [[nodiscard]] int phone_port() const { return phone_server_->port(); }
    Simulator& simulator() { return simulator_; }

 private:
    void add_numbers(const Config& config);

    SystemClock clock_;
    Simulator simulator_;
    GraphApi graph_api_;
    ControlApi control_api_;
    std::unique_ptr<RouterClient> router_;
    PhonePage page_;
    HandoverWatch handover_watch_;
    // Last: they call everything above.
    std::unique_ptr<HttpServer> graph_server_;
    std::unique_ptr<HttpServer> phone_server_;
};

}  // namespace tecnochat::meta_simulator
