// Messages whose webhooks somebody else posts: a load generator with a schedule of its own.

#include <nlohmann/json.hpp>

#include "http/control_api.hpp"

namespace tecnochat::meta_simulator {
namespace {

constexpr std::size_t kPreparedMax = 5000;

/// Stores one message as written by a customer, who is added if unknown; returns the body of its
/// webhook.
Result<std::string> prepare(Simulator& simulator, const nlohmann::json& wanted) {
    TECNOCHAT_CHECK(only_fields(wanted, {"phone_number_id", "wa_id", "text"}));
    Thread thread;
    TECNOCHAT_TRY(thread.phone_number_id, string_field(wanted, "phone_number_id"));
    TECNOCHAT_TRY(thread.wa_id, string_field(wanted, "wa_id"));
    TECNOCHAT_TRY(const std::string text, string_field(wanted, "text"));
    TECNOCHAT_TRY(auto parsed, parse_customer_message({{"text", text}}));
    const Status known = simulator.with([&](World& world, FaultPlan&, RequestLog&) -> Status {
        if (world.find_customer(thread.wa_id) != nullptr) return ok();
        Customer customer;
        customer.wa_id = thread.wa_id;
        customer.reads = world.settings.default_reads;
        TECNOCHAT_CHECK(world.add_customer(std::move(customer)));
        return ok();
    });
    if (!known) return known.error();
    return simulator.customer_writes_elsewhere(thread, std::move(parsed.message), parsed.body_json);
}

}  // namespace

ControlApi::Answer ControlApi::prepare_webhooks(const Call& call) {
    TECNOCHAT_CHECK(only_fields(call.body, {"messages"}));
    const auto wanted = call.body.is_object() ? call.body.find("messages") : call.body.end();
    if (wanted == call.body.end() || !wanted->is_array() || wanted->size() > kPreparedMax) {
        return make_error(ErrorCode::kInvalidArgument, "messages is a list of at most 5000");
    }
    nlohmann::json bodies = nlohmann::json::array();
    for (const auto& message : *wanted) {
        TECNOCHAT_TRY(auto body, prepare(simulator_, message));
        bodies.push_back(std::move(body));
    }
    return nlohmann::json{{"bodies", std::move(bodies)}};
}

}  // namespace tecnochat::meta_simulator
