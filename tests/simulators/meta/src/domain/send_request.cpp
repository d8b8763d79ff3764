#include "domain/send_request.hpp"

#include <algorithm>
#include <array>

#include "tecnochat/core/assert.hpp"

namespace tecnochat::meta_simulator {
namespace {

// Real types this simulator does not play yet; everything else Meta does not know either.
constexpr std::array<std::string_view, 11> kTypesNotSimulated = {
    "audio",
    "contacts",
    "document",
    "image",
    "interactive",
    "location",
    "order",
    "reaction",
    "sticker",
    "template",
    "video",
};

std::optional<GraphError> check_read_receipt(const SendRequest& request) {
    if (request.status != "read") {
        return bad_parameter(
            "Param status must be one of {READ} - got \"" + given(request.status) + "\"."
        );
    }
    if (!request.message_id || request.message_id->empty()) {
        return bad_parameter("The parameter message_id is required.");
    }
    return std::nullopt;
}

std::optional<GraphError> check_type(const SendRequest& request) {
    const std::string type = request.type.value_or("text");
    if (type == "text") return std::nullopt;
    const bool real = std::find(kTypesNotSimulated.begin(), kTypesNotSimulated.end(), type) !=
                      kTypesNotSimulated.end();
    if (real) return graph_error(131051, "Type " + type + " is not simulated yet.");
    return bad_parameter("Param type must be one of {AUDIO, TEXT, ...} - got \"" + type + "\".");
}

std::optional<GraphError> check_text(const SendRequest& request) {
    if (!request.text_body) return bad_parameter("The parameter text['body'] is required.");
    if (request.text_body->empty()) {
        return bad_parameter("Param text['body'] must be a non-empty string.");
    }
    if (utf8_length(*request.text_body) > kTextLengthMax) {
        return bad_parameter("Param text['body'] must be at most 4096 characters long.");
    }
    return std::nullopt;
}

}  // namespace

const std::string& given(const std::optional<std::string>& field) {
    TECNOCHAT_ASSERT(field.has_value(), "a field that was checked to be there");
    return *field;
}

std::size_t utf8_length(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

std::optional<GraphError> check_send_request(const SendRequest& request) {
    if (!request.messaging_product) {
        return bad_parameter("The parameter messaging_product is required.");
    }
    if (*request.messaging_product != "whatsapp") {
        return bad_parameter(
            "Param messaging_product must be one of {WHATSAPP} - got \"" +
            *request.messaging_product + "\"."
        );
    }
    if (request.is_read_receipt()) return check_read_receipt(request);
    if (!request.to && !request.recipient) return bad_parameter("The parameter to is required.");
    if (request.recipient_type.value_or("individual") != "individual") {
        return bad_parameter(
            "Param recipient_type must be one of {INDIVIDUAL} - got \"" +
            given(request.recipient_type) + "\"."
        );
    }
    if (request.opaque && utf8_length(*request.opaque) > kOpaqueLengthMax) {
        return bad_parameter("Param biz_opaque_callback_data must be at most 512 characters long.");
    }
    if (auto error = check_type(request)) return error;
    return check_text(request);
}

}  // namespace tecnochat::meta_simulator
