#pragma once

#include <deque>
#include <map>

#include "json_reader.hpp"
#include "other_members.hpp"
#include "salvage.hpp"
#include "webhook_parts.hpp"

namespace tecnochat::whatsapp {

// Meta sends at most 1000 updates per POST; a body with ten times that is not what it claims to be.
inline constexpr std::size_t kMaxItems = 10'000;
inline constexpr std::string_view kMessagesField = "messages";

/// webhook.cpp reads a body, webhook_salvage.cpp what is left of a damaged one.
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

}  // namespace tecnochat::whatsapp
