#pragma once

#include <atomic>

#include "clients/router_client.hpp"
#include "http/json_exchange.hpp"
#include "simulator.hpp"

namespace tecnochat::meta_simulator {

/// The phone page and the calls it makes: chat with a business as one of its customers.
/// Thread-safe.
class PhonePage {
 public:
    PhonePage(Simulator& simulator, RouterClient& router);

    /// False when the path is not the page's.
    bool handle(const httplib::Request& request, httplib::Response& response);

    /// Told by the handover watch; the page hides the banner while the router is away.
    void set_router_reachable(bool reachable);

 private:
    using Call = JsonRoutes::Call;
    using Answer = Result<nlohmann::json>;

    Answer show_state(const Call& call);
    Answer list_messages(const Call& call);
    Answer create_customer(const Call& call);
    Answer write(const Call& call);
    Answer read(const Call& call);
    Answer release(const Call& call);
    void stream_events(httplib::Response& response);

    Simulator& simulator_;
    RouterClient& router_;
    std::atomic<bool> router_reachable_{false};
    JsonRoutes routes_;
};

}  // namespace tecnochat::meta_simulator
