#include "webhooks/payload.hpp"

#include "domain/graph_error.hpp"
#include "domain/world.hpp"

namespace tecnochat::meta_simulator {
namespace {

std::string unix_seconds(Timestamp at) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
}

std::string metadata(const Number& number) {
    return R"({"display_phone_number":)" + json_quoted(number.digits) + R"(,"phone_number_id":)" +
           json_quoted(number.phone_number_id) + "}";
}

/// The contact both kinds of update carry; the phone is left out for customers who hide it.
std::string contact(const Number& number, const Customer& customer) {
    std::string json = R"({"profile":{"name":)" + json_quoted(customer.name) + "}";
    if (!customer.phone_hidden) json += R"(,"wa_id":)" + json_quoted(customer.wa_id);
    return json + R"(,"user_id":)" + json_quoted(World::user_id(number, customer)) + "}";
}

Update update_of(const Number& number, WebhookField field) {
    Update update;
    update.waba_id = number.waba_id;
    update.phone_number_id = number.phone_number_id;
    update.metadata_json = metadata(number);
    update.field = field;
    return update;
}

void append_failure(std::string& json, int code) {
    const std::string title = json_quoted(error_title(code));
    json +=
        R"(,"errors":[{"code":)" + std::to_string(code) + R"(,"title":)" + title +
        R"(,"message":)" + title + R"(,"error_data":{"details":)" + title +
        R"(},"href":"https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"}])";
}

void append_pricing(std::string& json, bool free_of_charge) {
    json += R"(,"pricing":{"billable":)";
    json += free_of_charge ? "false" : "true";
    json += R"(,"pricing_model":"PMP","type":")";
    json += free_of_charge ? "free_customer_service" : "regular";
    json += R"(","category":"service"})";
}

}  // namespace

std::string json_quoted(std::string_view text) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    std::string json = "\"";
    json.reserve(text.size() + 2);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (c == '\n') {
            json += "\\n";
        } else if (byte < 0x20U) {
            json += "\\u00";
            json += kHex[byte >> 4U];
            json += kHex[byte & 15U];
        } else {
            json += c;
        }
    }
    return json += '"';
}

Update message_update(
    const Number& number,
    const Customer& customer,
    const Message& message,
    std::string_view body_json
) {
    Update update = update_of(number, WebhookField::kMessages);
    update.contact_json = contact(number, customer);
    std::string json = "{";
    if (!message.context_id.empty()) {
        json += R"("context":{"from":)" + json_quoted(number.digits) + R"(,"id":)" +
                json_quoted(message.context_id) + "},";
    }
    if (!customer.phone_hidden) json += R"("from":)" + json_quoted(customer.wa_id) + ",";
    json += R"("from_user_id":)" + json_quoted(World::user_id(number, customer));
    json += R"(,"id":)" + json_quoted(message.wamid);
    json += R"(,"timestamp":")" + unix_seconds(message.at) + "\"";
    if (!body_json.empty()) {
        json += "," + json_quoted(message.type) + ":";
        json += body_json;
    }
    update.item_json = json + R"(,"type":)" + json_quoted(message.type) + "}";
    return update;
}

Update status_update(
    const Number& number,
    const Customer& customer,
    const Message& message,
    const StatusStep& step,
    const StatusOptions& options
) {
    Update update = update_of(number, WebhookField::kStatuses);
    if (step.kind != StatusKind::kFailed) update.contact_json = contact(number, customer);
    std::string json = R"({"id":)" + json_quoted(message.wamid) + R"(,"status":")";
    json += to_string(step.kind);
    json += R"(","timestamp":")" + unix_seconds(step.at) + "\"";
    if (!customer.phone_hidden) json += R"(,"recipient_id":)" + json_quoted(customer.wa_id);
    json += R"(,"recipient_user_id":)" + json_quoted(World::user_id(number, customer));
    if (message.opaque && options.with_opaque) {
        json += R"(,"biz_opaque_callback_data":)" + json_quoted(*message.opaque);
    }
    if (step.kind == StatusKind::kSent || step.kind == StatusKind::kDelivered) {
        append_pricing(json, options.free_of_charge);
    }
    if (step.kind == StatusKind::kFailed) append_failure(json, step.error_code);
    update.item_json = json + "}";
    return update;
}

std::string webhook_body(const std::vector<Update>& updates) {
    std::string body = R"({"object":"whatsapp_business_account","entry":[)";
    std::size_t at = 0;
    while (at < updates.size()) {
        const Update& first = updates[at];
        const bool new_entry = at == 0 || updates[at - 1].waba_id != first.waba_id;
        if (new_entry) {
            if (at != 0) body += "]},";
            body += R"({"id":)" + json_quoted(first.waba_id) + R"(,"changes":[)";
        } else {
            body += ",";
        }
        std::string contacts;
        std::string items;
        for (; at < updates.size() && updates[at].phone_number_id == first.phone_number_id &&
               updates[at].field == first.field;
             ++at) {
            const Update& update = updates[at];
            if (!update.contact_json.empty()) {
                contacts += (contacts.empty() ? "" : ",") + update.contact_json;
            }
            items += (items.empty() ? "" : ",") + update.item_json;
        }
        body += R"({"value":{"messaging_product":"whatsapp","metadata":)" + first.metadata_json;
        if (!contacts.empty()) body += R"(,"contacts":[)" + contacts + "]";
        body += first.field == WebhookField::kMessages ? R"(,"messages":[)" : R"(,"statuses":[)";
        body += items + R"(]},"field":"messages"})";
    }
    if (!updates.empty()) body += "]}";
    return body + "]}";
}

}  // namespace tecnochat::meta_simulator
