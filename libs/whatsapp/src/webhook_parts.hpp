#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "salvage.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/whatsapp/limits.hpp"
#include "tecnochat/whatsapp/webhook.hpp"

/// What the parser holds of an item until all of it is read, and the rules of single fields.
namespace tecnochat::whatsapp {

// The types whose content may have a caption (facts: inbound messages).
inline constexpr std::array<std::string_view, 3> kCaptioned{"image", "video", "document"};

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

inline bool is_within(std::string_view id, std::size_t bytes_max) {
    return !id.empty() && id.size() <= bytes_max;
}

/// A tap has an id or a title; one without either says nothing.
inline bool is_tap(const ReplyTap& tap) {
    return (!tap.id.empty() || !tap.title.empty()) && tap.id.size() <= kReplyIdBytesMax;
}

/// Empties an id that nobody takes; tells whether it did.
inline bool drop_too_long(std::string_view& id, std::size_t bytes_max) {
    if (id.size() <= bytes_max) return false;
    id = {};
    return true;
}

/// Why it is no whole message, if it is none. Without an id it cannot be deduplicated, without a
/// sender (the parent id is none) it cannot be given to a conversation. An id that is too long is
/// emptied: what is left of the message is fit to be read by everybody.
inline std::string_view problem_of(WebhookMessage& message) {
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
inline bool take(std::string_view& field, std::string_view read) {
    if (read.data() == nullptr) return false;
    field = read;
    return true;
}

/// As take(), for an id that the item can do without.
inline bool take_within(std::string_view& field, std::string_view read, std::size_t bytes_max) {
    return read.size() <= bytes_max && take(field, read);
}

inline bool take(std::optional<Timestamp>& field, std::optional<Timestamp> read) {
    if (!read) return false;
    field = read;
    return true;
}

/// For what simdjson does not read to its end because of an escape or number of one member.
inline Shape shape_by_text(std::string_view object) {
    const auto has = [object](std::string_view key) { return object.find(key) != object.npos; };
    if (!object.starts_with('{') || !object.ends_with('}')) return Shape::kOther;
    if (!has(R"("id":)") || !has(R"("timestamp":)")) return Shape::kOther;
    if (has(R"("type":)")) return Shape::kMessage;
    return has(R"("status":)") ? Shape::kStatus : Shape::kOther;
}

/// An id's text, whose JSON is plain: a number, or a string without escapes.
inline std::string_view plain(std::string_view json) {
    if (json.size() >= 2 && json.front() == '"') json = json.substr(1, json.size() - 2);
    const bool is_plain = std::all_of(json.begin(), json.end(), [](char c) {
        return c > ' ' && c <= '~' && c != '\\' && c != '"';
    });
    return is_plain ? json : std::string_view();
}

}  // namespace tecnochat::whatsapp
