#include "tecnochat/whatsapp/webhook.hpp"

#include <algorithm>
#include <map>

#include "json_reader.hpp"
#include "tecnochat/core/assert.hpp"

namespace tecnochat::whatsapp {
namespace {

// Meta sends at most 1000 updates per POST; a body with ten times that is not what it claims to be.
constexpr std::size_t kMaxItems = 10'000;
// Meta's message ids have some 60 characters, 256 are promised to be possible.
constexpr std::size_t kMaxIdBytes = 1024;
constexpr std::string_view kObject = "whatsapp_business_account";
constexpr std::string_view kMessagesField = "messages";

struct Contact {
    std::string_view phone;
    std::string_view user_id;
    std::string_view name;
};

struct Metadata {
    std::string_view phone_number_id;
    std::string_view display_phone_number;
};

bool is_id(std::string_view id) {
    return !id.empty() && id.size() <= kMaxIdBytes;
}

static_assert(kWebhookPadding >= simdjson::SIMDJSON_PADDING);

}  // namespace

struct WebhookParser::Impl {
    Webhook webhook;
    JsonReader json;
    simdjson::dom::parser validator;
    ondemand::parser parser;

    // The value under way.
    std::vector<Contact> contacts;
    std::map<std::string_view, const Contact*> by_identity;

    const Webhook& parse(std::string_view body);

 private:
    struct EntryContext {
        std::string_view waba_id;
        std::string_view time;
    };

    bool well_formed(std::string_view body);
    bool walk(std::string_view body);
    void entry(ondemand::value value);
    void change(const EntryContext& entry, ondemand::value value);
    bool messages_value(const EntryContext& entry, ondemand::value value);
    void message(const EntryContext& entry, ondemand::value value);
    std::optional<ReplyTap> interactive(ondemand::value value);
    void status(const EntryContext& entry, ondemand::value value);
    void contact(ondemand::value value);
    void join(const Metadata& metadata, std::size_t first_message, std::size_t first_status);
    const Contact* find_contact(std::string_view user_id, std::string_view phone) const;
    void keep(const EntryContext& entry, std::string_view field, std::string_view slice);
    [[nodiscard]] std::size_t items() const {
        return webhook.messages.size() + webhook.statuses.size() + webhook.changes.size();
    }
    [[nodiscard]] bool too_many() const { return items() > kMaxItems; }
};

const Webhook& WebhookParser::Impl::parse(std::string_view body) {
    webhook.messages.clear();
    webhook.statuses.clear();
    webhook.changes.clear();
    json.reset();
    if (!well_formed(body) || !walk(body) || json.broken() || too_many()) {
        webhook.messages.clear();
        webhook.statuses.clear();
        webhook.changes.assign(1, {.field = kUnparsedField, .json = body});
    }
    return webhook;
}

/// The on-demand walk only looks at what it passes; this looks at everything. Escapes and numbers
/// that cannot be represented concern their own item only, and are left to the walk.
bool WebhookParser::Impl::well_formed(std::string_view body) {
    switch (validator.parse(body.data(), body.size(), false).error()) {
        case simdjson::SUCCESS:
        case simdjson::STRING_ERROR:
        case simdjson::NUMBER_ERROR:
            return true;
        default:
            return false;
    }
}

bool WebhookParser::Impl::walk(std::string_view body) {
    ondemand::document document;
    const auto padded =
        simdjson::padded_string_view(body.data(), body.size(), body.size() + kWebhookPadding);
    if (!json.good(parser.iterate(padded).get(document))) return false;
    ondemand::object root;
    if (!json.good(document.get_object().get(root))) return false;
    bool has_entries = false;
    bool foreign = false;
    json.each_field(root, [&](ondemand::raw_json_string key, ondemand::value value) {
        if (key == "object") {
            foreign = json.text(value) != kObject;
        } else if (key == "entry") {
            has_entries = json.each_element(value, [&](ondemand::value item) {
                if (!too_many()) entry(item);
            });
        }
    });
    return has_entries && !foreign;
}

void WebhookParser::Impl::entry(ondemand::value value) {
    ondemand::object object;
    if (!json.good(value.get_object().get(object))) {
        keep({}, "entry", json.slice(value));
        return;
    }
    EntryContext context;
    ondemand::value field;
    if (json.find(object, "id", field)) {
        context.waba_id = json.text_or_number(field);
    }
    if (json.find(object, "time", field)) {
        context.time = json.text_or_number(field);
    }
    const bool has_changes =
        json.find(object, "changes", field) && json.each_element(field, [&](ondemand::value item) {
            if (!too_many()) change(context, item);
        });
    if (!has_changes) keep(context, "entry", json.slice(object));
}

void WebhookParser::Impl::change(const EntryContext& entry, ondemand::value value) {
    ondemand::object object;
    if (!json.good(value.get_object().get(object))) {
        keep(entry, "change", json.slice(value));
        return;
    }
    ondemand::value member;
    std::string_view field;
    if (json.find(object, "field", member)) field = json.text(member);
    const bool understood = field == kMessagesField && json.find(object, "value", member) &&
                            messages_value(entry, member);
    if (!understood) keep(entry, field, json.slice(object));
}

/// False where nothing in it could be used: the whole change is kept instead.
bool WebhookParser::Impl::messages_value(const EntryContext& entry, ondemand::value value) {
    ondemand::object object;
    if (!json.good(value.get_object().get(object))) return false;
    const std::size_t first_item = items();
    const std::size_t first_message = webhook.messages.size();
    const std::size_t first_status = webhook.statuses.size();
    Metadata metadata;
    contacts.clear();
    const auto each = [&](ondemand::value list, auto&& use) {
        const bool is_list = json.each_element(list, [&](ondemand::value item) {
            if (!too_many()) use(item);
        });
        if (!is_list) keep(entry, kMessagesField, json.slice(list));
    };
    json.each_field(object, [&](ondemand::raw_json_string key, ondemand::value member) {
        if (key == "metadata") {
            json.each_field_of(member, [&](ondemand::raw_json_string name, ondemand::value id) {
                if (name == "phone_number_id") metadata.phone_number_id = json.text_or_number(id);
                if (name == "display_phone_number") {
                    metadata.display_phone_number = json.text_or_number(id);
                }
            });
        } else if (key == "contacts") {
            json.each_element(member, [&](ondemand::value item) { contact(item); });
        } else if (key == "messages") {
            each(member, [&](ondemand::value item) { message(entry, item); });
        } else if (key == "statuses") {
            each(member, [&](ondemand::value item) { status(entry, item); });
        } else if (key == "errors") {
            keep(entry, kMessagesField, json.slice(member));
        }
    });
    join(metadata, first_message, first_status);
    return items() > first_item;
}

void WebhookParser::Impl::message(const EntryContext& entry, ondemand::value value) {
    ondemand::object object;
    if (!json.good(value.get_object().get(object))) {
        keep(entry, kMessagesField, json.slice(value));
        return;
    }
    WebhookMessage message;
    message.waba_id = entry.waba_id;
    std::string_view type;
    TextBody text;
    std::optional<ReplyTap> tap;
    json.each_field(object, [&](ondemand::raw_json_string key, ondemand::value member) {
        if (key == "id") {
            message.message_id = json.text(member);
        } else if (key == "from") {
            message.from_phone = json.text_or_number(member);
        } else if (key == "from_user_id") {
            message.from_user_id = json.text(member);
        } else if (key == "timestamp") {
            message.sent_at = json.unix_seconds(member);
        } else if (key == "type") {
            type = json.text(member);
        } else if (key == "context") {
            json.each_field_of(member, [&](ondemand::raw_json_string name, ondemand::value id) {
                if (name == "id") message.context_message_id = json.text(id);
            });
        } else if (key == "text") {
            json.each_field_of(member, [&](ondemand::raw_json_string name, ondemand::value body) {
                if (name == "body") text.body = json.text(body);
            });
        } else if (key == "interactive") {
            tap = interactive(member);
        }
    });
    // Without an id or a sender it can be neither deduplicated nor given to a conversation.
    if (!is_id(message.message_id) ||
        (!is_id(message.from_phone) && !is_id(message.from_user_id))) {
        keep(entry, kMessagesField, json.slice(object));
        return;
    }
    if (type == "text" && !text.body.empty()) {
        message.content = text;
    } else if (type == "interactive" && tap) {
        message.content = *tap;
    } else {
        message.content = RawBody{.type = type, .json = json.slice(object)};
    }
    webhook.messages.push_back(message);
}

/// nullopt for the kinds that are no tap on a button or row (flows, call permissions).
std::optional<ReplyTap> WebhookParser::Impl::interactive(ondemand::value value) {
    std::string_view type;
    ReplyTap button{.kind = ReplyKind::kButton, .id = {}, .title = {}};
    ReplyTap row{.kind = ReplyKind::kList, .id = {}, .title = {}};
    const auto read = [&](ReplyTap& tap, ondemand::value member) {
        json.each_field_of(member, [&](ondemand::raw_json_string name, ondemand::value text) {
            if (name == "id") tap.id = json.text(text);
            if (name == "title") tap.title = json.text(text);
        });
    };
    json.each_field_of(value, [&](ondemand::raw_json_string key, ondemand::value member) {
        if (key == "type") {
            type = json.text(member);
        } else if (key == "button_reply") {
            read(button, member);
        } else if (key == "list_reply") {
            read(row, member);
        }
    });
    if (type == "button_reply" && is_id(button.id)) return button;
    if (type == "list_reply" && is_id(row.id)) return row;
    return std::nullopt;
}

void WebhookParser::Impl::status(const EntryContext& entry, ondemand::value value) {
    ondemand::object object;
    if (!json.good(value.get_object().get(object))) {
        keep(entry, kMessagesField, json.slice(value));
        return;
    }
    WebhookStatus status;
    status.waba_id = entry.waba_id;
    const auto error = [&](ondemand::value item) {
        StatusError& out = status.errors.emplace_back();
        json.each_field_of(item, [&](ondemand::raw_json_string name, ondemand::value member) {
            if (name == "code") {
                const auto code = JsonReader::integer(json.text_or_number(member)).value_or(0);
                out.code = static_cast<std::int32_t>(
                    std::clamp<std::int64_t>(code, 0, std::numeric_limits<std::int32_t>::max())
                );
            }
            if (name == "title") out.title = json.text(member);
        });
    };
    json.each_field(object, [&](ondemand::raw_json_string key, ondemand::value member) {
        if (key == "id") {
            status.message_id = json.text(member);
        } else if (key == "status") {
            status.status = json.text(member);
        } else if (key == "timestamp") {
            status.occurred_at = json.unix_seconds(member);
        } else if (key == "recipient_id") {
            status.recipient_phone = json.text_or_number(member);
        } else if (key == "recipient_user_id") {
            status.recipient_user_id = json.text(member);
        } else if (key == "biz_opaque_callback_data") {
            status.opaque = json.text(member);
        } else if (key == "errors") {
            json.each_element(member, error);
        }
    });
    if (!is_id(status.message_id) || !is_id(status.status)) {
        keep(entry, kMessagesField, json.slice(object));
        return;
    }
    webhook.statuses.push_back(std::move(status));
}

void WebhookParser::Impl::contact(ondemand::value value) {
    Contact contact;
    json.each_field_of(value, [&](ondemand::raw_json_string key, ondemand::value member) {
        if (key == "wa_id") {
            contact.phone = json.text_or_number(member);
        } else if (key == "user_id") {
            contact.user_id = json.text(member);
        } else if (key == "profile") {
            json.each_field_of(member, [&](ondemand::raw_json_string name, ondemand::value text) {
                if (name == "name") contact.name = json.text(text);
            });
        }
    });
    contacts.push_back(contact);
}

/// What stands beside the items in their value, which may come before or after them.
void WebhookParser::Impl::join(
    const Metadata& metadata, std::size_t first_message, std::size_t first_status
) {
    by_identity.clear();
    for (const Contact& contact : contacts) {
        if (!contact.user_id.empty()) by_identity.emplace(contact.user_id, &contact);
        if (!contact.phone.empty()) by_identity.emplace(contact.phone, &contact);
    }
    for (std::size_t i = first_message; i < webhook.messages.size(); ++i) {
        WebhookMessage& message = webhook.messages[i];
        message.phone_number_id = metadata.phone_number_id;
        message.display_phone_number = metadata.display_phone_number;
        const Contact* contact = find_contact(message.from_user_id, message.from_phone);
        if (contact == nullptr) continue;
        message.profile_name = contact->name;
        if (message.from_user_id.empty()) message.from_user_id = contact->user_id;
        if (message.from_phone.empty()) message.from_phone = contact->phone;
    }
    for (std::size_t i = first_status; i < webhook.statuses.size(); ++i) {
        WebhookStatus& status = webhook.statuses[i];
        status.phone_number_id = metadata.phone_number_id;
        const Contact* contact = find_contact(status.recipient_user_id, status.recipient_phone);
        if (contact == nullptr) continue;
        if (status.recipient_user_id.empty()) status.recipient_user_id = contact->user_id;
        if (status.recipient_phone.empty()) status.recipient_phone = contact->phone;
    }
}

const Contact* WebhookParser::Impl::find_contact(std::string_view user_id, std::string_view phone)
    const {
    for (const std::string_view identity : {user_id, phone}) {
        if (identity.empty()) continue;
        const auto found = by_identity.find(identity);
        if (found != by_identity.end()) return found->second;
    }
    return nullptr;
}

void WebhookParser::Impl::keep(
    const EntryContext& entry, std::string_view field, std::string_view slice
) {
    webhook.changes.push_back(
        {.waba_id = entry.waba_id, .entry_time = entry.time, .field = field, .json = slice}
    );
}

WebhookParser::WebhookParser() : impl_(std::make_unique<Impl>()) {}
WebhookParser::~WebhookParser() = default;

const Webhook& WebhookParser::parse(std::string_view body) {
    return impl_->parse(body);
}

}  // namespace tecnochat::whatsapp
