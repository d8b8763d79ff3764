#include "tecnochat/whatsapp/webhook.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>

#include "json_reader.hpp"
#include "other_members.hpp"
#include "salvage.hpp"
#include "tecnochat/core/assert.hpp"
#include "tecnochat/whatsapp/limits.hpp"
#include "webhook_impl.hpp"

namespace tecnochat::whatsapp {
namespace {

// A body has 3 MiB, a record 4: what is typed may stand a second time in a member carried whole.
constexpr std::size_t kMaxOtherBytes = std::size_t{512} * 1024;
// Meta's contacts have some 200; each item of a value carries its own.
constexpr std::size_t kMaxContactBytes = 4096;
constexpr std::string_view kObject = "whatsapp_business_account";

static_assert(kWebhookPadding >= simdjson::SIMDJSON_PADDING);

}  // namespace

const Webhook& WebhookParser::Impl::parse(std::string_view body) {
    const Form form = form_of(body);
    forget();
    if (form != Form::kWhole && salvage(body)) return webhook;
    forget();
    if (form == Form::kDamaged || !walk(body) || json.broken() || too_many()) {
        forget();
        webhook.changes.push_back({.field = kUnparsedField, .json = body});
    }
    return webhook;
}

void WebhookParser::Impl::forget() {
    webhook.messages.clear();
    webhook.statuses.clear();
    webhook.changes.clear();
    webhook.unreadable = 0;
    json.reset();
    others.reset();
    item_parsers.clear();
}

/// The on-demand walk only looks at what it passes, and may be misled by what it did not look at;
/// this looks at everything.
WebhookParser::Impl::Form WebhookParser::Impl::form_of(std::string_view body) {
    switch (validator.parse(body.data(), body.size(), false).error()) {
        case simdjson::SUCCESS:
            return Form::kWhole;
        case simdjson::STRING_ERROR:
        case simdjson::NUMBER_ERROR:
            return Form::kOdd;
        default:
            return Form::kDamaged;
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
            read_metadata(metadata, member);
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

void WebhookParser::Impl::read_metadata(Metadata& metadata, ondemand::value value) {
    json.each_field_of(value, [&](ondemand::raw_json_string name, ondemand::value id) {
        if (name == "phone_number_id") metadata.phone_number_id = json.text_or_number(id);
        if (name == "display_phone_number") {
            metadata.display_phone_number = json.text_or_number(id);
        }
    });
}

void WebhookParser::Impl::message(const EntryContext& entry, ondemand::value value) {
    ondemand::object object;
    if (!json.good(value.get_object().get(object))) {
        keep_unreadable_message(entry, json.slice(value));
        return;
    }
    WebhookMessage message;
    message.waba_id = entry.waba_id;
    Draft draft;
    others.begin();
    json.each_field(object, [&](ondemand::raw_json_string key, ondemand::value member) {
        others.add(message_member(message, draft, key, member));
    });
    message.problem = problem_of(message);
    const bool typed = message.problem.empty() && typed_content(message, draft, object);
    if (typed && others.size() + message.referral_json.size() <= kMaxOtherBytes) {
        message.other_json = others.object();
    } else {
        message.content = raw_content(message, draft, object);
    }
    webhook.messages.push_back(message);
}

/// The caption and the referral stand in the record a second time: not where that is too much.
RawBody WebhookParser::Impl::raw_content(
    WebhookMessage& message, const Draft& draft, ondemand::object& object
) {
    RawBody raw{.type = draft.type, .json = json.slice(object)};
    const auto* const type = std::find(kCaptioned.begin(), kCaptioned.end(), draft.type);
    if (type != kCaptioned.end()) {
        raw.caption = draft.captions[static_cast<std::size_t>(type - kCaptioned.begin())];
    }
    if (raw.caption.size() + message.referral_json.size() > kMaxOtherBytes) {
        raw.caption = {};
        message.referral_json = {};
    }
    return raw;
}

/// The member's bytes, if something of it has no field. What belongs to one type waits in the
/// draft: the type may come later.
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
                if (name == "id") {
                    return take_within(
                        message.context_message_id, json.text(id), kMessageIdBytesMax
                    );
                }
                return name == "from";
            });
    }
    if (key == "from_parent_user_id") {
        return json.left_of(
            key,
            value,
            take_within(message.from_parent_user_id, json.text(value), kPersonIdBytesMax)
        );
    }
    if (key == "group_id") {
        return json.left_of(key, value, take(message.group_id, json.text_or_number(value)));
    }
    if (key == "referral") return referral(message, key, value);
    return content_member(draft, key, value);
}

/// The member's bytes, if it is not the one object of this name.
std::string_view WebhookParser::Impl::referral(
    WebhookMessage& message, ondemand::raw_json_string key, ondemand::value value
) {
    const std::string_view bytes = json.slice(value);
    if (!bytes.starts_with('{') || !message.referral_json.empty()) {
        return JsonReader::member(key, bytes);
    }
    message.referral_json = bytes;
    return {};
}

/// As message_member(), for the members named after a type.
std::string_view WebhookParser::Impl::content_member(
    Draft& draft, ondemand::raw_json_string key, ondemand::value value
) {
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
    if (key == "button") {
        draft.has_button = true;
        draft.button_left = template_button(draft.template_tap, key, value);
        return {};
    }
    for (std::size_t i = 0; i < kCaptioned.size(); ++i) {
        if (key == kCaptioned[i]) return captioned(draft.captions[i], key, value);
    }
    return json.left_of(key, value);
}

/// The member's bytes: a message of such a type is raw, and one of another carries it.
std::string_view WebhookParser::Impl::captioned(
    std::string_view& caption, ondemand::raw_json_string key, ondemand::value value
) {
    ondemand::object object;
    if (!json.good(value.get_object().get(object))) return json.left_of(key, value);
    json.each_field(object, [&](ondemand::raw_json_string name, ondemand::value text) {
        if (name == "caption") take(caption, json.text(text));
    });
    return JsonReader::member(key, json.slice(object));
}

/// The member's bytes, if something of it has no field.
std::string_view WebhookParser::Impl::template_button(
    std::optional<ReplyTap>& tap, ondemand::raw_json_string key, ondemand::value value
) {
    ReplyTap button{.kind = ReplyKind::kTemplateButton};
    const auto left =
        json.left_of_object(key, value, [&](ondemand::raw_json_string name, ondemand::value text) {
            if (name == "text") return take(button.title, json.text(text));
            return name == "payload" && take(button.id, json.text(text));
        });
    tap.reset();
    if (is_tap(button)) tap = button;
    return left;
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
    const bool is_text = draft.type == "text" && !draft.text.body.empty();
    const bool is_reply = draft.type == "interactive" && draft.tap;
    const bool is_button = draft.type == "button" && draft.template_tap;
    if (is_text) message.content = draft.text;
    if (is_reply) message.content = *draft.tap;
    if (is_button) message.content = *draft.template_tap;
    if (!is_text && !is_reply && !is_button) return false;
    if (is_text) others.add(draft.text_left);
    if (is_reply) others.add(draft.interactive_left);
    if (is_button) others.add(draft.button_left);
    if (!is_text && draft.has_text) add_all("text");
    if (!is_reply && draft.has_interactive) add_all("interactive");
    if (!is_button && draft.has_button) add_all("button");
    return true;
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
    if (type == "button_reply" && is_tap(button)) tap = button;
    if (type == "list_reply" && is_tap(row)) tap = row;
    return left;
}

void WebhookParser::Impl::status(const EntryContext& entry, ondemand::value value) {
    ondemand::object object;
    if (!json.good(value.get_object().get(object))) {
        ++webhook.unreadable;
        keep(entry, kMessagesField, json.slice(value));
        return;
    }
    WebhookStatus status;
    status.waba_id = entry.waba_id;
    others.begin();
    json.each_field(object, [&](ondemand::raw_json_string key, ondemand::value member) {
        others.add(status_member(status, key, member));
    });
    if (!is_within(status.message_id, kMessageIdBytesMax) ||
        !is_within(status.status, kStatusNameBytesMax)) {
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
            const auto phone = json.text_or_number(member);
            taken = take_within(contact.phone, phone, kPersonIdBytesMax) && taken;
        } else if (key == "user_id") {
            const auto user_id = json.text(member);
            taken = take_within(contact.user_id, user_id, kPersonIdBytesMax) && taken;
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

void WebhookParser::Impl::keep_unreadable_message(
    const EntryContext& entry, std::string_view slice
) {
    WebhookMessage message;
    message.waba_id = entry.waba_id;
    message.problem = problem::kUnreadable;
    message.content = RawBody{.json = slice};
    webhook.messages.push_back(message);
    ++webhook.unreadable;
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
