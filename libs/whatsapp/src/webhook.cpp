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

namespace tecnochat::whatsapp {
namespace {

// Meta sends at most 1000 updates per POST; a body with ten times that is not what it claims to be.
constexpr std::size_t kMaxItems = 10'000;
// A body has 3 MiB, a record 4: what is typed may stand a second time in a member carried whole.
constexpr std::size_t kMaxOtherBytes = std::size_t{512} * 1024;
// Meta's contacts have some 200; each item of a value carries its own.
constexpr std::size_t kMaxContactBytes = 4096;
constexpr std::string_view kObject = "whatsapp_business_account";
constexpr std::string_view kMessagesField = "messages";

// The types whose content may have a caption (facts: inbound messages).
constexpr std::array<std::string_view, 3> kCaptioned{"image", "video", "document"};

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
    std::optional<ReplyTap> template_tap;
    std::array<std::string_view, kCaptioned.size()> captions{};
    // The members they came from.
    bool has_text = false;
    bool has_interactive = false;
    bool has_button = false;
    std::string_view text_left{};
    std::string_view interactive_left{};
    std::string_view button_left{};
};

struct Metadata {
    std::string_view phone_number_id{};
    std::string_view display_phone_number{};
};

bool is_within(std::string_view id, std::size_t bytes_max) {
    return !id.empty() && id.size() <= bytes_max;
}

/// A tap has an id or a title; one without either says nothing.
bool is_tap(const ReplyTap& tap) {
    return (!tap.id.empty() || !tap.title.empty()) && tap.id.size() <= kReplyIdBytesMax;
}

/// Empties an id that nobody takes; tells whether it did.
bool drop_too_long(std::string_view& id, std::size_t bytes_max) {
    if (id.size() <= bytes_max) return false;
    id = {};
    return true;
}

/// Why it is no whole message, if it is none. Without an id it cannot be deduplicated, without a
/// sender (the parent id is none) it cannot be given to a conversation. An id that is too long is
/// emptied: what is left of the message is fit to be read by everybody.
std::string_view problem_of(WebhookMessage& message) {
    const bool long_id = drop_too_long(message.message_id, kMessageIdBytesMax);
    const bool long_phone = drop_too_long(message.from_phone, kPersonIdBytesMax);
    const bool long_user = drop_too_long(message.from_user_id, kPersonIdBytesMax);
    const bool long_group = drop_too_long(message.group_id, kPersonIdBytesMax);
    if (long_id || long_phone || long_user || long_group) return problem::kIdTooLong;
    if (message.message_id.empty()) return problem::kNoMessageId;
    if (message.from_phone.empty() && message.from_user_id.empty()) return problem::kNoSender;
    return {};
}

/// Tells whether something was read.
bool take(std::string_view& field, std::string_view read) {
    if (read.data() == nullptr) return false;
    field = read;
    return true;
}

/// As take(), for an id that the item can do without.
bool take_within(std::string_view& field, std::string_view read, std::size_t bytes_max) {
    return read.size() <= bytes_max && take(field, read);
}

bool take(std::optional<Timestamp>& field, std::optional<Timestamp> read) {
    if (!read) return false;
    field = read;
    return true;
}

/// For what simdjson does not read to its end because of an escape or number of one member.
Shape shape_by_text(std::string_view object) {
    const auto has = [object](std::string_view key) { return object.find(key) != object.npos; };
    if (!object.starts_with('{') || !object.ends_with('}')) return Shape::kOther;
    if (!has(R"("id":)") || !has(R"("timestamp":)")) return Shape::kOther;
    if (has(R"("type":)")) return Shape::kMessage;
    return has(R"("status":)") ? Shape::kStatus : Shape::kOther;
}

/// An id's text, whose JSON is plain: a number, or a string without escapes.
std::string_view plain(std::string_view json) {
    if (json.size() >= 2 && json.front() == '"') json = json.substr(1, json.size() - 2);
    const bool is_plain = std::all_of(json.begin(), json.end(), [](char c) {
        return c > ' ' && c <= '~' && c != '\\' && c != '"';
    });
    return is_plain ? json : std::string_view();
}

static_assert(kWebhookPadding >= simdjson::SIMDJSON_PADDING);

}  // namespace

struct WebhookParser::Impl {
    Webhook webhook;
    JsonReader json;
    OtherMembers others;
    simdjson::dom::parser validator;
    ondemand::parser parser;
    std::deque<ondemand::parser> item_parsers;  // of a damaged body, one per item

    // The value under way.
    std::vector<Contact> contacts;
    std::map<std::string_view, const Contact*> by_identity;

    const Webhook& parse(std::string_view body);

 private:
    struct EntryContext {
        std::string_view waba_id;
        std::string_view time;
    };

    enum class Form {
        kWhole,
        kOdd,     // an escape or number cannot be represented; nothing behind it was looked at
        kDamaged  // no JSON
    };

    void forget();
    bool salvage(std::string_view body);
    void salvaged_change(const SalvagedChange& salvaged);
    void salvaged_item(const EntryContext& entry, const SalvagedItem& item);
    Metadata salvaged_metadata(const SalvagedChange& salvaged);
    template <class Read>
    bool read_alone(std::string_view slice, Read&& read);
    Verdict judge(std::string_view slice);
    void read_metadata(Metadata& metadata, ondemand::value value);
    Form form_of(std::string_view body);
    bool walk(std::string_view body);
    void entry(ondemand::value value);
    void change(const EntryContext& entry, ondemand::value value);
    bool messages_value(const EntryContext& entry, ondemand::value value);
    void message(const EntryContext& entry, ondemand::value value);
    std::string_view message_member(
        WebhookMessage& message, Draft& draft, ondemand::raw_json_string key, ondemand::value value
    );
    std::string_view content_member(
        Draft& draft, ondemand::raw_json_string key, ondemand::value value
    );
    std::string_view referral(
        WebhookMessage& message, ondemand::raw_json_string key, ondemand::value value
    );
    std::string_view captioned(
        std::string_view& caption, ondemand::raw_json_string key, ondemand::value value
    );
    std::string_view template_button(
        std::optional<ReplyTap>& tap, ondemand::raw_json_string key, ondemand::value value
    );
    RawBody raw_content(WebhookMessage& message, const Draft& draft, ondemand::object& object);
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
    void keep_unreadable_message(const EntryContext& entry, std::string_view slice);
    void keep(const EntryContext& entry, std::string_view field, std::string_view slice);
    [[nodiscard]] std::size_t items() const {
        return webhook.messages.size() + webhook.statuses.size() + webhook.changes.size();
    }
    [[nodiscard]] bool too_many() const { return items() > kMaxItems; }
};

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

/// What can be read of a body that cannot be read as a whole. False where that is nothing.
bool WebhookParser::Impl::salvage(std::string_view body) {
    const Salvage found =
        Salvager(body, [this](std::string_view slice) { return judge(slice); }).run();
    if (!found.useful) return false;
    for (const SalvagedChange& change : found.changes) salvaged_change(change);
    for (const std::string_view rest : found.rest) keep({}, kUnparsedField, rest);
    return !too_many();
}

void WebhookParser::Impl::salvaged_change(const SalvagedChange& salvaged) {
    const EntryContext entry{plain(salvaged.entry_id), plain(salvaged.entry_time)};
    if (!salvaged.whole.empty()) {
        const auto read = [&](ondemand::value value) { change(entry, value); };
        if (!read_alone(salvaged.whole, read)) keep(entry, kUnparsedField, salvaged.whole);
        return;
    }
    // Without a field it has lists that only this field has.
    const std::string_view field = plain(salvaged.field);
    if (!field.empty() && field != kMessagesField && !salvaged.span.empty()) {
        keep(entry, field, salvaged.span);
        return;
    }
    const std::size_t first_message = webhook.messages.size();
    const std::size_t first_status = webhook.statuses.size();
    contacts.clear();
    for (const SalvagedItem& item : salvaged.items) salvaged_item(entry, item);
    for (const std::string_view other : salvaged.others) keep(entry, kMessagesField, other);
    join(salvaged_metadata(salvaged), first_message, first_status);
}

void WebhookParser::Impl::salvaged_item(const EntryContext& entry, const SalvagedItem& item) {
    const auto read = [&](ondemand::value value) {
        switch (item.kind) {
            case ListKind::kContacts:
                return contact(entry, value);
            case ListKind::kMessages:
                return message(entry, value);
            case ListKind::kStatuses:
                return status(entry, value);
        }
    };
    if (item.readable && read_alone(item.json, read)) return;
    if (item.kind == ListKind::kMessages) {
        keep_unreadable_message(entry, item.json);
    } else {
        if (item.kind == ListKind::kStatuses) ++webhook.unreadable;
        keep(entry, kMessagesField, item.json);
    }
}

/// Nobody's where there is not exactly one, or it cannot be read.
Metadata WebhookParser::Impl::salvaged_metadata(const SalvagedChange& salvaged) {
    Metadata metadata;
    if (salvaged.metadata.size() != 1) return metadata;
    const std::string_view json_text = salvaged.metadata.front();
    if (judge(json_text).shape == Shape::kDamaged) return metadata;
    const bool read =
        read_alone(json_text, [&](ondemand::value value) { read_metadata(metadata, value); });
    return read ? metadata : Metadata();
}

/// Gives `read` a value that is well-formed by itself. False, and nothing of it is kept, where it
/// turns out to be damaged. What was read points into a parser of its own.
template <class Read>
bool WebhookParser::Impl::read_alone(std::string_view slice, Read&& read) {
    const std::size_t messages = webhook.messages.size();
    const std::size_t statuses = webhook.statuses.size();
    const std::size_t changes = webhook.changes.size();
    const std::size_t unreadable = webhook.unreadable;
    json.mend();
    ondemand::document document;
    ondemand::value value;
    const auto padded =
        simdjson::padded_string_view(slice.data(), slice.size(), slice.size() + kWebhookPadding);
    if (json.good(item_parsers.emplace_back().iterate(padded).get(document)) &&
        json.good(document.get_value().get(value))) {
        read(value);
        if (!json.broken()) return true;
    }
    webhook.messages.resize(messages);
    webhook.statuses.resize(statuses);
    webhook.changes.resize(changes);
    webhook.unreadable = unreadable;
    return false;
}

Verdict WebhookParser::Impl::judge(std::string_view slice) {
    simdjson::dom::element element;
    switch (validator.parse(slice.data(), slice.size(), false).get(element)) {
        case simdjson::SUCCESS:
            break;
        case simdjson::STRING_ERROR:
        case simdjson::NUMBER_ERROR:
            return {.shape = shape_by_text(slice), .complete = false};
        default:
            return {};
    }
    if (!element["id"].is_string() || element["timestamp"].error()) return {Shape::kOther};
    if (element["type"].is_string()) return {Shape::kMessage};
    return {element["status"].is_string() ? Shape::kStatus : Shape::kOther};
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
