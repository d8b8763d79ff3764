#include "tecnochat/whatsapp/webhook.hpp"

#include <algorithm>
#include <map>

#include "json_reader.hpp"
#include "other_members.hpp"
#include "tecnochat/core/assert.hpp"

namespace tecnochat::whatsapp {
namespace {

// Meta sends at most 1000 updates per POST; a body with ten times that is not what it claims to be.
constexpr std::size_t kMaxItems = 10'000;
// Meta's message ids have some 60 characters, 256 are promised to be possible.
constexpr std::size_t kMaxIdBytes = 1024;
// A body has 3 MiB, a record 4: what is typed may stand a second time in a member carried whole.
constexpr std::size_t kMaxOtherBytes = std::size_t{512} * 1024;
// Meta's contacts have some 200; each item of a value carries its own.
constexpr std::size_t kMaxContactBytes = 4096;
constexpr std::string_view kObject = "whatsapp_business_account";
constexpr std::string_view kMessagesField = "messages";

struct Contact {
    std::string_view phone;
    std::string_view user_id;
    std::string_view name;
    std::string_view json;  // all of it, if it is more than the above
};

/// What a message says beside the fields that all types share.
struct Draft {
    std::string_view type;
    TextBody text;
    std::optional<ReplyTap> tap;
    // The members they came from.
    bool has_text = false;
    bool has_interactive = false;
    std::string_view text_left{};
    std::string_view interactive_left{};
};

struct Metadata {
    std::string_view phone_number_id;
    std::string_view display_phone_number;
};

bool is_id(std::string_view id) {
    return !id.empty() && id.size() <= kMaxIdBytes;
}

/// Tells whether something was read.
bool take(std::string_view& field, std::string_view read) {
    if (read.data() == nullptr) return false;
    field = read;
    return true;
}

bool take(std::optional<Timestamp>& field, std::optional<Timestamp> read) {
    if (!read) return false;
    field = read;
    return true;
}

static_assert(kWebhookPadding >= simdjson::SIMDJSON_PADDING);

}  // namespace

struct WebhookParser::Impl {
    Webhook webhook;
    JsonReader json;
    OtherMembers others;
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
    std::string_view message_member(
        WebhookMessage& message, Draft& draft, ondemand::raw_json_string key, ondemand::value value
    );
    bool typed_content(WebhookMessage& message, const Draft& draft, ondemand::object& object);
    std::string_view interactive(
        std::optional<ReplyTap>& tap, ondemand::raw_json_string key, ondemand::value value
    );
    void status(const EntryContext& entry, ondemand::value value);
    std::string_view status_member(
        WebhookStatus& status, ondemand::raw_json_string key, ondemand::value value
    );
    StatusError status_error(ondemand::value value);
    void contact(const EntryContext& entry, ondemand::value value);
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
    others.reset();
    if (!well_formed(body) || !walk(body) || json.broken() || too_many()) {
        webhook.messages.clear();
        webhook.statuses.clear();
        webhook.changes.assign(1, {.field = kUnparsedField, .json = body});
    }
    return webhook;
}

/// The on-demand walk only looks at what it passes; this looks at everything, up to the first
/// escape or number that cannot be represented. That concerns its own item only and is left to the
/// walk, so what is carried as it came may, behind one, be damaged as it came.
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

/// False where nothing in it could be used, or not all of it: the whole change is kept then, beside
/// the items that were read.
bool WebhookParser::Impl::messages_value(const EntryContext& entry, ondemand::value value) {
    ondemand::object object;
    if (!json.good(value.get_object().get(object))) return false;
    const std::size_t first_item = items();
    const std::size_t first_message = webhook.messages.size();
    const std::size_t first_status = webhook.statuses.size();
    Metadata metadata;
    bool has_unknown = false;
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
            json.each_element(member, [&](ondemand::value item) { contact(entry, item); });
        } else if (key == "messages") {
            each(member, [&](ondemand::value item) { message(entry, item); });
        } else if (key == "statuses") {
            each(member, [&](ondemand::value item) { status(entry, item); });
        } else if (key == "errors") {
            keep(entry, kMessagesField, json.slice(member));
        } else if (key != "messaging_product") {
            has_unknown = true;
        }
    });
    join(metadata, first_message, first_status);
    return items() > first_item && !has_unknown;
}

void WebhookParser::Impl::message(const EntryContext& entry, ondemand::value value) {
    ondemand::object object;
    if (!json.good(value.get_object().get(object))) {
        keep(entry, kMessagesField, json.slice(value));
        return;
    }
    WebhookMessage message;
    message.waba_id = entry.waba_id;
    Draft draft;
    others.begin();
    json.each_field(object, [&](ondemand::raw_json_string key, ondemand::value member) {
        others.add(message_member(message, draft, key, member));
    });
    // Without an id or a sender it can be neither deduplicated nor given to a conversation.
    if (!is_id(message.message_id) ||
        (!is_id(message.from_phone) && !is_id(message.from_user_id))) {
        keep(entry, kMessagesField, json.slice(object));
        return;
    }
    if (typed_content(message, draft, object) && others.size() <= kMaxOtherBytes) {
        message.other_json = others.object();
    } else {
        message.content = RawBody{.type = draft.type, .json = json.slice(object)};
    }
    webhook.messages.push_back(message);
}

/// The member's bytes, if something of it has no field. Text and interactive wait in the draft:
/// the type may come later.
std::string_view WebhookParser::Impl::message_member(
    WebhookMessage& message, Draft& draft, ondemand::raw_json_string key, ondemand::value value
) {
    if (key == "id") return json.left_of(key, value, take(message.message_id, json.text(value)));
    if (key == "from") {
        return json.left_of(key, value, take(message.from_phone, json.text_or_number(value)));
    }
    if (key == "from_user_id") {
        return json.left_of(key, value, take(message.from_user_id, json.text(value)));
    }
    if (key == "timestamp") {
        return json.left_of(key, value, take(message.sent_at, json.unix_seconds(value)));
    }
    if (key == "type") return json.left_of(key, value, take(draft.type, json.text(value)));
    if (key == "context") {
        return json
            .left_of_object(key, value, [&](ondemand::raw_json_string name, ondemand::value id) {
                if (name == "id") return take(message.context_message_id, json.text(id));
                return name == "from";
            });
    }
    if (key == "text") {
        draft.has_text = true;
        draft.text_left = json.left_of_object(
            key,
            value,
            [&](ondemand::raw_json_string name, ondemand::value body) {
                return name == "body" && take(draft.text.body, json.text(body));
            }
        );
        return {};
    }
    if (key == "interactive") {
        draft.has_interactive = true;
        draft.interactive_left = interactive(draft.tap, key, value);
        return {};
    }
    return json.left_of(key, value);
}

/// False where the type has no fields of its own, or its content does not fit them.
bool WebhookParser::Impl::typed_content(
    WebhookMessage& message, const Draft& draft, ondemand::object& object
) {
    if (json.broken()) return false;
    const auto add_all = [&](std::string_view name) {
        if (!json.good(object.reset().error())) return;
        json.each_field(object, [&](ondemand::raw_json_string key, ondemand::value value) {
            if (key == name) others.add(json.left_of(key, value));
        });
    };
    if (draft.type == "text" && !draft.text.body.empty()) {
        message.content = draft.text;
        others.add(draft.text_left);
        if (draft.has_interactive) add_all("interactive");
        return true;
    }
    if (draft.type == "interactive" && draft.tap) {
        message.content = *draft.tap;
        others.add(draft.interactive_left);
        if (draft.has_text) add_all("text");
        return true;
    }
    return false;
}

/// The member's bytes, if something of it has no field. No tap for the kinds that are none on a
/// button or row (flows, call permissions).
std::string_view WebhookParser::Impl::interactive(
    std::optional<ReplyTap>& tap, ondemand::raw_json_string key, ondemand::value value
) {
    std::string_view type;
    ReplyTap button{.kind = ReplyKind::kButton};
    ReplyTap row{.kind = ReplyKind::kList};
    int taps = 0;
    const auto read = [&](ReplyTap& out, ondemand::raw_json_string name, ondemand::value member) {
        const auto left = json.left_of_object(
            name,
            member,
            [&](ondemand::raw_json_string part, ondemand::value text) {
                if (part == "id") return take(out.id, json.text(text));
                if (part == "title") return take(out.title, json.text(text));
                return part == "description" && take(out.description, json.text(text));
            }
        );
        return ++taps == 1 && left.empty();  // only one of two can be the tap
    };
    const auto left = json.left_of_object(
        key,
        value,
        [&](ondemand::raw_json_string name, ondemand::value member) {
            if (name == "type") return take(type, json.text(member));
            if (name == "button_reply") return read(button, name, member);
            return name == "list_reply" && read(row, name, member);
        }
    );
    tap.reset();
    if (type == "button_reply" && is_id(button.id)) tap = button;
    if (type == "list_reply" && is_id(row.id)) tap = row;
    return left;
}

void WebhookParser::Impl::status(const EntryContext& entry, ondemand::value value) {
    ondemand::object object;
    if (!json.good(value.get_object().get(object))) {
        keep(entry, kMessagesField, json.slice(value));
        return;
    }
    WebhookStatus status;
    status.waba_id = entry.waba_id;
    others.begin();
    json.each_field(object, [&](ondemand::raw_json_string key, ondemand::value member) {
        others.add(status_member(status, key, member));
    });
    if (!is_id(status.message_id) || !is_id(status.status)) {
        keep(entry, kMessagesField, json.slice(object));
        return;
    }
    status.other_json = others.object();
    webhook.statuses.push_back(std::move(status));
}

/// The member's bytes, if it has no field.
std::string_view WebhookParser::Impl::status_member(
    WebhookStatus& status, ondemand::raw_json_string key, ondemand::value value
) {
    if (key == "id") return json.left_of(key, value, take(status.message_id, json.text(value)));
    if (key == "status") return json.left_of(key, value, take(status.status, json.text(value)));
    if (key == "timestamp") {
        return json.left_of(key, value, take(status.occurred_at, json.unix_seconds(value)));
    }
    if (key == "recipient_id") {
        return json.left_of(key, value, take(status.recipient_phone, json.text_or_number(value)));
    }
    if (key == "recipient_user_id") {
        return json.left_of(key, value, take(status.recipient_user_id, json.text(value)));
    }
    if (key == "biz_opaque_callback_data") {
        return json.left_of(key, value, take(status.opaque, json.text(value)));
    }
    if (key == "errors") {
        const bool is_list = json.each_element(value, [&](ondemand::value item) {
            status.errors.push_back(status_error(item));
        });
        return json.left_of(key, value, is_list);
    }
    return json.left_of(key, value);
}

/// Its texts may quote content, and are left out on purpose.
StatusError WebhookParser::Impl::status_error(ondemand::value value) {
    StatusError error;
    json.each_field_of(value, [&](ondemand::raw_json_string name, ondemand::value member) {
        if (name == "code") {
            const auto code = JsonReader::integer(json.text_or_number(member)).value_or(0);
            error.code = static_cast<std::int32_t>(
                std::clamp<std::int64_t>(code, 0, std::numeric_limits<std::int32_t>::max())
            );
        }
        if (name == "title") error.title = json.text(member);
    });
    return error;
}

void WebhookParser::Impl::contact(const EntryContext& entry, ondemand::value value) {
    ondemand::object object;
    if (!json.good(value.get_object().get(object))) return;
    Contact contact;
    bool taken = true;
    const auto profile = [&](ondemand::raw_json_string name, ondemand::value text) {
        return name == "name" && take(contact.name, json.text(text));
    };
    json.each_field(object, [&](ondemand::raw_json_string key, ondemand::value member) {
        if (key == "wa_id") {
            taken = take(contact.phone, json.text_or_number(member)) && taken;
        } else if (key == "user_id") {
            taken = take(contact.user_id, json.text(member)) && taken;
        } else if (key == "profile") {
            taken = json.left_of_object(key, member, profile).empty() && taken;
        } else {
            taken = false;
        }
    });
    if (!taken) contact.json = json.slice(object);
    if (contact.json.size() > kMaxContactBytes) {
        keep(entry, kMessagesField, contact.json);
        contact.json = {};
    }
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
        if (!contact->json.empty()) {
            message.other_json = others.with_contact(message.other_json, contact->json);
        }
    }
    for (std::size_t i = first_status; i < webhook.statuses.size(); ++i) {
        WebhookStatus& status = webhook.statuses[i];
        status.phone_number_id = metadata.phone_number_id;
        const Contact* contact = find_contact(status.recipient_user_id, status.recipient_phone);
        if (contact == nullptr) continue;
        if (status.recipient_user_id.empty()) status.recipient_user_id = contact->user_id;
        if (status.recipient_phone.empty()) status.recipient_phone = contact->phone;
        if (!contact->json.empty()) {
            status.other_json = others.with_contact(status.other_json, contact->json);
        }
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
