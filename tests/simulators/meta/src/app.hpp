#pragma once

#include <memory>

#include "config.hpp"
#include "http/control_api.hpp"
#include "http/graph_api.hpp"
#include "http/server.hpp"
#include "simulator.hpp"
#include "tecnochat/core/clock.hpp"

namespace tecnochat::meta_simulator {

/// The composition root. Constructing it listens and serves; destroying it stops in order. Throws
/// when a port cannot be listened on or a configured number is wrong.
class App {
 public:
    explicit App(const Config& config);
    App(const App&) = delete;
    App& operator=(const App&) = delete;
    ~App();

    [[nodiscard]] int graph_port() const { return graph_server_->port(); }
    Simulator& simulator() { return simulator_; }

 private:
    void add_numbers(const Config& config);

    SystemClock clock_;
    Simulator simulator_;
    GraphApi graph_api_;
    ControlApi control_api_;
    // Last: they call everything above.
    std::unique_ptr<HttpServer> graph_server_;
};

}  // namespace tecnochat::meta_simulator
