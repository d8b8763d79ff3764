#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "domain/graph_error.hpp"
#include "simulator.hpp"

namespace httplib {
struct Request;
struct Response;
}  // namespace httplib

namespace tecnochat::meta_simulator {

/// `/v26.0/<object id>/messages` taken apart.
struct GraphPath {
    std::string version;
    std::string object_id;
    std::string edge;
};

std::optional<GraphPath> parse_graph_path(std::string_view path);

/// The part of Meta's Graph API that sends messages. Thread-safe.
class GraphApi {
 public:
    struct Options {
        std::string token;
        std::string app_id;
        std::string app_secret;
    };

    GraphApi(Options options, Simulator& simulator, Random random)
        : options_(std::move(options)), simulator_(simulator), random_(std::move(random)) {}

    void handle(const httplib::Request& request, httplib::Response& response);
    /// Whether a fault refuses the request that begins with these bytes.
    bool refuses(std::string_view first_bytes);

 private:
    struct Call;

    void send_message(Call& call, const SendRequest& request);
    void mark_read(Call& call, const SendRequest& request);
    void show_number(Call& call);
    std::optional<GraphError> authorisation_error(const httplib::Request& request) const;
    std::optional<GraphError> access_error(Call& call);
    std::optional<GraphError> fault_error(const Fault& fault) const;
    void answer_error(Call& call, const GraphError& error, std::string_view outcome);
    void answer(Call& call, int status, const std::string& json);
    void finish(Call& call, std::string_view outcome, bool accepted);
    void cut(Call& call, std::string_view outcome, bool accepted);

    Options options_;
    Simulator& simulator_;
    Random random_;
};

}  // namespace tecnochat::meta_simulator
