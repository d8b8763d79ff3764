#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/faults.hpp"
#include "domain/model.hpp"

namespace tecnochat::meta_simulator {

/// One update, ready to be put into a webhook body. All JSON here is compact and raw UTF-8.
struct Update {
    std::string waba_id;
    std::string phone_number_id;
    /// `{"display_phone_number":…,"phone_number_id":…}`
    std::string metadata_json;
    WebhookField field = WebhookField::kMessages;
    /// Empty where the real webhook has no contacts.
    std::string contact_json;
    /// One element of `messages` or `statuses`.
    std::string item_json;
};

/// A text as a JSON string with its quotes; malformed UTF-8 is passed on as it is.
std::string json_quoted(std::string_view text);

/// `messages[]` element for a customer's message; `body_json` is the value of the key named after
/// the type (a text message: `{"body":"…"}`).
Update message_update(
    const Number& number,
    const Customer& customer,
    const Message& message,
    std::string_view body_json
);

struct StatusOptions {
    bool free_of_charge = true;
    bool with_opaque = true;
};

Update status_update(
    const Number& number,
    const Customer& customer,
    const Message& message,
    const StatusStep& step,
    const StatusOptions& options
);

/// The whole body: one entry per WABA, one change per number and field, in order of appearance.
std::string webhook_body(const std::vector<Update>& updates);

/// The same document as Meta writes it: `\u00e1` for everything beyond ASCII and `\/` for a slash.
std::string escaped_unicode(std::string_view json);

/// The value of X-Hub-Signature-256 for these exact bytes.
std::string signature_header(std::string_view app_secret, std::string_view body);

}  // namespace tecnochat::meta_simulator
