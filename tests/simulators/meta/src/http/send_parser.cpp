#include "http/send_parser.hpp"

#include <nlohmann/json.hpp>

namespace tecnochat::meta_simulator {
namespace {

/// Reads optional strings out of one object and remembers the first that is none.
class StringReader {
 public:
    StringReader(const nlohmann::json& object, std::string prefix)
        : object_(object), prefix_(std::move(prefix)) {}

    std::optional<std::string> operator()(const char* key) {
        const auto field = object_.find(key);
        if (field == object_.end() || field->is_null()) return std::nullopt;
        if (field->is_string()) return field->get<std::string>();
        if (wrong_.empty()) wrong_ = prefix_.empty() ? key : prefix_ + "['" + key + "']";
        return std::nullopt;
    }
    [[nodiscard]] const std::string& wrong() const { return wrong_; }

 private:
    const nlohmann::json& object_;
    std::string prefix_;
    std::string wrong_;
};

GraphError not_a_string(const std::string& parameter) {
    return bad_parameter("Param " + parameter + " must be a string.");
}

}  // namespace

std::variant<GraphError, SendRequest> parse_send_request(const std::string& body) {
    const auto json = nlohmann::json::parse(body, nullptr, false);
    if (json.is_discarded() || !json.is_object()) {
        return bad_parameter("The request body is not a JSON object.");
    }
    SendRequest request;
    StringReader read(json, "");
    request.messaging_product = read("messaging_product");
    request.recipient_type = read("recipient_type");
    request.to = read("to");
    request.recipient = read("recipient");
    request.type = read("type");
    request.opaque = read("biz_opaque_callback_data");
    request.status = read("status");
    request.message_id = read("message_id");
    if (!read.wrong().empty()) return not_a_string(read.wrong());

    for (const char* key : {"text", "context", "typing_indicator"}) {
        const auto field = json.find(key);
        if (field == json.end()) continue;
        if (!field->is_object()) {
            return bad_parameter("Param " + std::string(key) + " must be a JSON object.");
        }
        StringReader inner(*field, key);
        if (std::string_view(key) == "text") request.text_body = inner("body");
        if (std::string_view(key) == "context") request.context_message_id = inner("message_id");
        if (std::string_view(key) == "typing_indicator") {
            const auto type = inner("type");
            if (type != "text") {
                return bad_parameter("Param typing_indicator['type'] must be one of {TEXT}.");
            }
            request.typing = true;
        }
        if (!inner.wrong().empty()) return not_a_string(inner.wrong());
    }
    return request;
}

}  // namespace tecnochat::meta_simulator
