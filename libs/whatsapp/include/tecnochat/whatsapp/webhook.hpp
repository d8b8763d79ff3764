#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "tecnochat/core/clock.hpp"

namespace tecnochat::whatsapp {

/// The parser reads up to this many bytes behind the body; they must be readable.
inline constexpr std::size_t kWebhookPadding = 64;

/// AccountChange::field of a body that cannot be read as a webhook at all.
inline constexpr std::string_view kUnparsedField = "unparsed";

struct TextBody {
    std::string_view body;
};

enum class ReplyKind { kButton, kList, kTemplateButton };

/// Has an id, a title, or both: either has been seen missing.
struct ReplyTap {
    ReplyKind kind = ReplyKind::kButton;
    std::string_view id{};  // of a template's button: its payload
    std::string_view title{};
    std::string_view description{};  // of a list row
};

/// A message of any other type: `json` is the whole message object, byte for byte.
struct RawBody {
    std::string_view type{};
    std::string_view json{};
    std::string_view caption{};  // of an image, a video or a document
};

/// WebhookMessage::problem: why an item of value.messages is no whole message.
namespace problem {
inline constexpr std::string_view kNoSender = "no_sender";
inline constexpr std::string_view kNoMessageId = "no_message_id";
inline constexpr std::string_view kIdTooLong = "id_too_long";  // see limits.hpp
inline constexpr std::string_view kUnreadable = "unreadable";  // no object, or damaged
}  // namespace problem

/// One item of value.messages. Texts are unescaped; what is absent is empty. An item with a problem
/// is raw, and has what could be read of it.
struct WebhookMessage {
    std::string_view waba_id;
    std::string_view phone_number_id;
    std::string_view display_phone_number;
    std::string_view message_id;
    std::string_view from_phone;
    std::string_view from_user_id;
    std::string_view from_parent_user_id;
    std::string_view group_id;
    std::string_view profile_name;
    std::string_view context_message_id;
    std::optional<Timestamp> sent_at;
    std::variant<TextBody, ReplyTap, RawBody> content;
    std::string_view referral_json;  // of a click-to-WhatsApp ad, byte for byte
    std::string_view other_json;     // see WebhookParser
    std::string_view problem;
};

/// Without the free text of Meta's error object, which may quote content.
struct StatusError {
    std::int32_t code = 0;
    std::string_view title;
};

/// One item of value.statuses.
struct WebhookStatus {
    std::string_view waba_id;
    std::string_view phone_number_id;
    std::string_view message_id;
    std::string_view status;  // Meta's word
    std::optional<Timestamp> occurred_at;
    std::string_view recipient_phone;
    std::string_view recipient_user_id;
    std::string_view opaque;  // biz_opaque_callback_data
    std::vector<StatusError> errors;
    std::string_view other_json;  // see WebhookParser
};

/// Everything else of a webhook: other fields, errors of a value, and items that are not what they
/// should be.
struct WebhookChange {
    std::string_view waba_id{};
    std::string_view entry_time{};  // as written, empty if absent; tells equal changes apart
    std::string_view field;
    std::string_view json;  // the smallest enclosing slice, byte for byte
};

struct Webhook {
    std::vector<WebhookMessage> messages;
    std::vector<WebhookStatus> statuses;
    std::vector<WebhookChange> changes;
    /// Messages (with problem::kUnreadable) and statuses (among `changes`) that cannot be read.
    std::size_t unreadable = 0;
};

/// Walks every entry x change x item of a WhatsApp webhook body. Nothing of an item is lost: each
/// comes out typed, raw, or as a change, and what a typed one has beside its fields is in its
/// `other_json`: one object of the members that have no field here, or do not fit theirs, byte for
/// byte as they came (so a key may come twice); empty if there are none. A member that holds more
/// than its fields is there whole: `context` (beyond id and from), `text`, `interactive`; and so
/// is, as "contact" and for raw messages too, the item's object in value.contacts. Where all this
/// is too much to carry beside the fields (no webhook of Meta's is known to be), the message is raw
/// and the contact a change.
/// The exceptions: of an error of a status only code and title are kept, its other texts may quote
/// content. Contacts of no item, and unknown members of an entry, a change or the metadata, are
/// ignored; an unknown member of a value, which may be a list of items, keeps the whole change
/// beside the items that were read.
/// A message that is not whole stays a message, raw, with its problem. Of a damaged body what can
/// be read is read: a damaged item is raw and unreadable, what stands outside of items is a change
/// with kUnparsedField, and an item whose metadata is damaged has no number. The order of keys
/// never matters. Reuses its memory; not thread-safe, use one per thread.
class WebhookParser {
 public:
    WebhookParser();
    ~WebhookParser();
    WebhookParser(const WebhookParser&) = delete;
    WebhookParser& operator=(const WebhookParser&) = delete;

    /// `body` needs kWebhookPadding readable bytes behind it. The views in the result point into
    /// `body` and the parser: valid until the next parse() and while `body` lives.
    const Webhook& parse(std::string_view body);

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace tecnochat::whatsapp
