#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "domain/faults.hpp"
#include "http/json_exchange.hpp"
#include "simulator.hpp"

namespace tecnochat::meta_simulator {

/// Everything under /sim/ and GET /readyz: how tests and the load generator drive the platform. The
/// README documents each call. Thread-safe.
class ControlApi {
 public:
    /// What the control API needs from outside the simulated platform.
    struct Hooks {
        /// Closes the Graph API's listening socket for so long; zero opens it again.
        std::function<void(Milliseconds)> close_graph;
        /// Runs Meta's handshake with the callback URL; an empty token means the configured one.
        std::function<Status(const std::string& verify_token)> handshake;
    };

    ControlApi(Simulator& simulator, Hooks hooks);

    /// False where it has no such route. Under /sim/ it takes local callers alone
    /// (local_caller.hpp).
    bool handle(const httplib::Request& request, httplib::Response& response) const;

 private:
    using Call = JsonRoutes::Call;
    using Answer = Result<nlohmann::json>;

    void add_world_routes();
    void add_operation_routes();
    Answer add_number(const Call& call);
    Answer change_number(const Call& call);
    Answer add_customer(const Call& call);
    Answer write_as_customer(const Call& call);
    Answer list_messages(const Call& call);
    Answer read_as_customer(const Call& call);
    Answer raw_webhook(const Call& call);
    Answer prepare_webhooks(const Call& call);
    Answer add_fault(const Call& call);
    Answer list_faults(const Call& call);
    Answer remove_fault(const Call& call);
    Answer clock(const Call& call);
    Answer change_settings(const Call& call);
    Answer list_requests(const Call& call);
    Answer wait(const Call& call);

    Simulator& simulator_;
    Hooks hooks_;
    JsonRoutes routes_;
};

/// Reads one fault of POST /sim/faults.
Result<Fault> parse_fault(const nlohmann::json& body);

/// What a customer wrote: the domain's message and the JSON value under the type's key, with the
/// members of Meta's message object that follow it.
struct ParsedCustomerMessage {
    CustomerMessage message;
    std::string body_json;
};
/// `{"text":"…"}`, `{"interactive":{…}}` or `{"message":{…}}` as Meta would send it.
Result<ParsedCustomerMessage> parse_customer_message(const nlohmann::json& body);

}  // namespace tecnochat::meta_simulator
