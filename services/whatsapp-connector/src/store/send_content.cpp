#include "store/send_content.hpp"

#include <nlohmann/json.hpp>

#include "tecnochat/telemetry/log.hpp"

namespace tecnochat::whatsapp_connector::send_content {
namespace {

using nlohmann::json;

Result<Recipient> to_recipient(const std::string& text) {
    const json value = json::parse(text, nullptr, false);
    const auto member = [&](const char* name) {
        const auto found = value.is_object() ? value.find(name) : value.end();
        return found != value.end() && found->is_string() ? found->get<std::string>() : "";
    };
    Recipient recipient{member("phone"), member("user_id")};
    if (recipient.phone.empty() && recipient.user_id.empty())
        return make_error(ErrorCode::kDataLoss, "no recipient", "NO_RECIPIENT");
    return recipient;
}

Content content_after(const Error& error, const ClaimedSend& send) {
    // Failing it would erase the content for good: only where the content itself is to blame.
    if (!is_items_fault(error)) {
        telemetry::log_limited(
            telemetry::Level::kWarning,
            "the content of sends cannot be opened yet",
            {{"code", to_string(error.code)}, {"reason", error.reason}}
        );
        return Content::kNotYet;
    }
    telemetry::log(
        // An erasure is what somebody asked for.
        sealing::is_erased(error) ? telemetry::Level::kInfo : telemetry::Level::kError,
        "the content of a send does not open",
        {{"tenant_id", send.tenant.to_string()},
         {"send_id", send.id.to_string()},
         {"code", to_string(error.code)},
         {"reason", error.reason}}
    );
    return Content::kUnreadable;
}

Status open_one(ClaimedSend& send, const sealing::Keys& keys) {
    const sealing::Person person{send.tenant, send.contact};
    TECNOCHAT_TRY(const auto recipient, keys.open(person, send.sealed_recipient));
    TECNOCHAT_TRY(send.recipient, to_recipient(recipient));
    TECNOCHAT_TRY(send.body, keys.open(person, send.sealed_body));
    return ok();
}

}  // namespace

std::string to_text(const Recipient& recipient) {
    json value = json::object();
    if (!recipient.phone.empty()) value["phone"] = recipient.phone;
    if (!recipient.user_id.empty()) value["user_id"] = recipient.user_id;
    return value.dump();
}

void open(std::span<ClaimedSend> claimed, const sealing::Keys& keys) {
    for (auto& send : claimed) {
        const Status opened = open_one(send, keys);
        send.content = opened ? Content::kReadable : content_after(opened.error(), send);
        send.sealed_recipient.clear();
        send.sealed_body.clear();
    }
}

}  // namespace tecnochat::whatsapp_connector::send_content
