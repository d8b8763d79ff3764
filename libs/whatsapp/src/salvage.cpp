#include "salvage.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tecnochat::whatsapp {
namespace {

constexpr auto kNowhere = std::string_view::npos;
// How often a byte may be looked at, on average; bodies are linear in it. Small bodies may take as
// long as this many bytes.
constexpr std::size_t kPasses = 8;
constexpr std::size_t kSmall = std::size_t{1} << 20;
constexpr std::string_view kObjectValue = R"("whatsapp_business_account")";
// An entry's members before its changes: id and time.
constexpr int kEntryMembers = 4;
constexpr std::string_view kFieldKey = R"("field")";

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_end_of_scalar(char c) {
    return c == ',' || c == '}' || c == ']' || is_space(c);
}

}  // namespace

Salvager::Salvager(std::string_view body, Judge judge)
    : body_(body), judge_(std::move(judge)), work_left_(kPasses * body.size() + kSmall) {}

Salvage Salvager::run() {
    position_ = skip_space(0);
    if (at(position_) == '{') {
        ++position_;
    } else {
        lose();
    }
    while (level_ != Level::kEnd) step();
    return std::move(salvage_);
}

void Salvager::step() {
    switch (level_) {
        case Level::kRoot:
            return root();
        case Level::kEntries:
            return entries();
        case Level::kEntry:
            return entry();
        case Level::kChanges:
            return changes();
        case Level::kChange:
            return change();
        case Level::kValue:
            return value();
        case Level::kList:
            return list();
        case Level::kLost:
            return lost();
        case Level::kEnd:
            return;
    }
}

void Salvager::root() {
    std::string_view key;
    std::size_t value_at = 0;
    switch (next_member(key, value_at)) {
        case Next::kBroken:
            return lose();
        case Next::kEnd:
            position_ = skip_space(position_);
            keep_lost(body_.size());
            level_ = Level::kEnd;
            return;
        case Next::kMember:
            break;
    }
    if (key == "entry" && at(value_at) == '[') {
        position_ = value_at + 1;
        level_ = Level::kEntries;
        return;
    }
    const std::string_view json = take_value(value_at);
    if (key == "object" && !json.empty() && json != kObjectValue &&
        judge(json).shape != Shape::kDamaged) {
        salvage_ = {};  // somebody else's webhook
        level_ = Level::kEnd;
    }
}

void Salvager::entries() {
    position_ = skip_space(position_);
    if (at(position_) == ',') position_ = skip_space(position_ + 1);
    if (at(position_) == ']') {
        ++position_;
        level_ = Level::kRoot;
    } else if (at(position_) == '{') {
        ++position_;
        entry_id_ = {};
        entry_time_ = {};
        change_ = nullptr;
        has_list_ = false;
        level_ = Level::kEntry;
    } else {
        lose();
    }
}

void Salvager::entry() {
    std::string_view key;
    std::size_t value_at = 0;
    switch (next_member(key, value_at)) {
        case Next::kBroken:
            return lose();
        case Next::kEnd:
            level_ = Level::kEntries;
            return;
        case Next::kMember:
            break;
    }
    if (key == "changes" && at(value_at) == '[') {
        position_ = value_at + 1;
        level_ = Level::kChanges;
        return;
    }
    const std::string_view json = take_value(value_at);
    if (key == "id") entry_id_ = json;
    if (key == "time") entry_time_ = json;
}

void Salvager::changes() {
    position_ = skip_space(position_);
    if (at(position_) == ',') position_ = skip_space(position_ + 1);
    change_ = nullptr;
    has_list_ = false;
    in_list_ = false;
    if (at(position_) == ']') {
        ++position_;
        level_ = Level::kEntry;
        return;
    }
    if (at(position_) != '{') return lose();
    const std::size_t end = value_end(position_);
    begin_change();
    if (end != kNowhere && is_end_of_scalar(at(end))) {
        const std::string_view json = body_.substr(position_, end - position_);
        const Verdict verdict = judge(json);
        if (verdict.complete && verdict.shape != Shape::kDamaged) {
            change_->whole = json;
            salvage_.useful = true;
            position_ = end;
            return;
        }
    }
    ++position_;
    level_ = Level::kChange;
}

void Salvager::begin_change() {
    change_ = &salvage_.changes.emplace_back();
    change_->entry_id = entry_id_;
    change_->entry_time = entry_time_;
    change_begin_ = position_;
    has_list_ = false;
    in_list_ = false;
}

void Salvager::change() {
    std::string_view key;
    std::size_t value_at = 0;
    switch (next_member(key, value_at)) {
        case Next::kBroken:
            return lose();
        case Next::kEnd:
            change_->span = body_.substr(change_begin_, position_ - change_begin_);
            level_ = Level::kChanges;
            return;
        case Next::kMember:
            break;
    }
    if (key == "value" && at(value_at) == '{') {
        position_ = value_at + 1;
        level_ = Level::kValue;
        return;
    }
    const std::string_view json = take_value(value_at);
    if (key == "field") change_->field = json;
}

void Salvager::value() {
    std::string_view key;
    std::size_t value_at = 0;
    switch (next_member(key, value_at)) {
        case Next::kBroken:
            return lose();
        case Next::kEnd:
            level_ = Level::kChange;
            return;
        case Next::kMember:
            break;
    }
    static constexpr std::array<std::pair<std::string_view, ListKind>, 3> kLists{{
        {"contacts", ListKind::kContacts},
        {"messages", ListKind::kMessages},
        {"statuses", ListKind::kStatuses},
    }};
    for (const auto& [name, kind] : kLists) {
        if (key != name || at(value_at) != '[') continue;
        kind_ = kind;
        has_list_ = has_list_ || kind != ListKind::kContacts;
        position_ = value_at + 1;
        level_ = Level::kList;
        return;
    }
    const std::size_t begin = position_;
    const std::string_view json = take_value(value_at);
    if (json.empty()) return;
    if (key == "metadata") {
        change_->metadata.push_back(json);
    } else if (key != "messaging_product") {
        change_->others.push_back(body_.substr(begin, position_ - begin));
    }
}

/// One element of the list. Its end is believed where it can be read, and else where nothing that
/// belongs to the list begins inside of it.
void Salvager::list() {
    position_ = skip_space(position_);
    if (at(position_) == ',') position_ = skip_space(position_ + 1);
    if (at(position_) == ']') {
        ++position_;
        level_ = Level::kValue;
        return;
    }
    if (looks_like_entry(position_) || looks_like_change(position_)) {
        in_list_ = false;  // the list's own end is damaged
        return lose();
    }
    in_list_ = true;
    const std::size_t end = value_end(position_);
    if (end == kNowhere) return lose();
    const std::size_t behind = skip_space(end);
    if (at(behind) != ']' && at(behind) != ',') return lose();
    const std::string_view json = body_.substr(position_, end - position_);
    const Verdict verdict = judge(json);
    const bool readable = verdict.shape != Shape::kDamaged;
    // An end may be feigned by a damaged quote or bracket. Keys may have the same name inside of an
    // item that can be read; whole objects have not.
    const bool sure = readable && verdict.complete;
    const Marks marks = sure ? Marks::kObjects : Marks::kAll;
    if (find_mark(position_ + 1, end, marks).mark != Mark::kNone) return lose();
    const bool key_behind = at(behind) == ',' && at(skip_space(behind + 1)) == '"';
    if (key_behind && !sure) return lose();
    take_item(json, readable);
    position_ = end;
    in_list_ = false;
}

void Salvager::take_item(std::string_view json, bool readable) {
    change_->items.push_back({.kind = kind_, .json = json, .readable = readable});
    if (kind_ != ListKind::kContacts) salvage_.useful = true;
}

/// Goes on at the next place that can be recognised.
void Salvager::lost() {
    const auto [mark, begin] =
        find_mark(in_list_ ? position_ + 1 : position_, body_.size(), Marks::kAll);
    keep_lost(begin);
    switch (mark) {
        case Mark::kNone:
            level_ = Level::kEnd;
            return;
        case Mark::kEntry:
            level_ = Level::kEntries;
            return;
        case Mark::kChange:
            level_ = Level::kChanges;
            return;
        case Mark::kMessage:
            kind_ = ListKind::kMessages;
            level_ = Level::kList;
            return;
        case Mark::kStatus:
            kind_ = ListKind::kStatuses;
            level_ = Level::kList;
            return;
        case Mark::kChangesKey:
            entry_id_ = {};  // it may be another entry
            entry_time_ = {};
            level_ = Level::kEntry;
            return;
        case Mark::kFieldKey:
            level_ = Level::kChange;
            return;
        case Mark::kMetadataKey:
            begin_change();  // another one, whose head is damaged
            level_ = Level::kValue;
            return;
        case Mark::kNumberKey:
            begin_change();  // of metadata whose beginning is damaged nothing is believed
            has_list_ = true;
            ++position_;  // not this key again
            return;
    }
}

Salvager::Found Salvager::find_mark(std::size_t begin, std::size_t end, Marks marks) {
    for (std::size_t i = begin; i < end && work_left_ != 0; ++i) {
        Mark mark = Mark::kNone;
        if (body_[i] == '{' && follows_separator(i)) {
            mark = object_mark(i);
        } else if (marks == Marks::kAll && body_[i] == '"' && i > position_ &&
                   body_[i - 1] != '\\') {
            mark = key_mark(i);
        }
        if (mark != Mark::kNone) return {mark, i};
    }
    return {Mark::kNone, end};
}

Salvager::Mark Salvager::object_mark(std::size_t begin) {
    if (looks_like_entry(begin)) return Mark::kEntry;
    if (looks_like_change(begin)) return Mark::kChange;
    if (!has_list_ || !looks_like_item(begin)) return Mark::kNone;
    const std::size_t end = value_end(begin);
    if (end == kNowhere) return Mark::kNone;
    switch (judge(body_.substr(begin, end - begin)).shape) {
        case Shape::kMessage:
            return Mark::kMessage;
        case Shape::kStatus:
            return Mark::kStatus;
        case Shape::kDamaged:
        case Shape::kOther:
            return Mark::kNone;
    }
    return Mark::kNone;
}

/// Keys that only stand outside of items. They end the change before, except for its own field.
Salvager::Mark Salvager::key_mark(std::size_t begin) const {
    if (is_key(begin, "changes", '[')) return Mark::kChangesKey;
    if (is_key(begin, "phone_number_id", '"')) return Mark::kNumberKey;
    if (is_key(begin, "display_phone_number", '"')) return Mark::kNumberKey;
    if (is_key(begin, "field", '"') && change_ != nullptr && change_->field.empty()) {
        const std::size_t value_at = skip_space(skip_space(begin + kFieldKey.size()) + 1);
        const bool of_messages = piece(value_at, 10) == R"("messages")";
        return of_messages ? Mark::kFieldKey : Mark::kNone;
    }
    if (!is_key(begin, "metadata", '{')) return Mark::kNone;
    const std::size_t first = skip_space(body_.find('{', begin) + 1);
    const bool of_number =
        is_key(first, "phone_number_id", '"') || is_key(first, "display_phone_number", '"');
    return of_number ? Mark::kMetadataKey : Mark::kNone;
}

/// What was passed is an item that cannot be read, or belongs to nothing.
void Salvager::keep_lost(std::size_t end) {
    std::string_view json = body_.substr(position_, end - position_);
    while (!json.empty() && (is_space(json.back()) || json.back() == ',')) json.remove_suffix(1);
    position_ = end;
    const bool of_list = std::exchange(in_list_, false);
    if (json.empty()) return;
    if (of_list && change_ != nullptr) {
        change_->items.push_back({.kind = kind_, .json = json, .readable = false});
    } else {
        salvage_.rest.push_back(json);
    }
}

/// Positions at the next member; leaves `position_` at its key, or where the object is broken.
Salvager::Next Salvager::next_member(std::string_view& key, std::size_t& value_at) {
    position_ = skip_space(position_);
    if (at(position_) == ',') position_ = skip_space(position_ + 1);
    if (at(position_) == '}') {
        ++position_;
        return Next::kEnd;
    }
    if (at(position_) != '"') return Next::kBroken;
    const std::size_t key_end = string_end(position_);
    if (key_end == kNowhere) return Next::kBroken;
    const std::size_t colon = skip_space(key_end);
    if (at(colon) != ':') return Next::kBroken;
    key = body_.substr(position_ + 1, key_end - position_ - 2);
    value_at = skip_space(colon + 1);
    return Next::kMember;
}

/// The member's value, and goes behind it. Where it has no end, nothing, and it is lost.
std::string_view Salvager::take_value(std::size_t value_at) {
    const std::size_t end = value_end(value_at);
    if (end == kNowhere) {
        lose();
        return {};
    }
    const char behind = at(skip_space(end));
    if (behind != ',' && behind != '}') {
        lose();
        return {};
    }
    const std::string_view json = body_.substr(value_at, end - value_at);
    const Verdict verdict = judge(json);
    if ((verdict.shape == Shape::kDamaged || !verdict.complete) &&
        find_mark(value_at, end, Marks::kAll).mark != Mark::kNone) {
        lose();
        return {};
    }
    position_ = end;
    return json;
}

std::size_t Salvager::skip_space(std::size_t position) const {
    while (position < body_.size() && is_space(body_[position])) ++position;
    return position;
}

std::string_view Salvager::piece(std::size_t position, std::size_t size) const {
    return body_.substr(std::min(position, body_.size()), size);
}

char Salvager::at(std::size_t position) const {
    return position < body_.size() ? body_[position] : '\0';
}

std::size_t Salvager::string_end(std::size_t begin) const {
    for (std::size_t i = begin + 1; i < body_.size(); ++i) {
        if (body_[i] == '\\') {
            ++i;
        } else if (body_[i] == '"') {
            return i + 1;
        }
    }
    return kNowhere;
}

/// Behind the value, by strings and brackets. The first 4096 brackets must fit each other; of
/// deeper ones only the number counts.
std::size_t Salvager::value_end(std::size_t begin) {
    const std::size_t limit = begin + std::min(work_left_, body_.size() - begin);
    const std::size_t end = value_end(begin, limit);
    work_left_ -= std::min(work_left_, (end == kNowhere ? limit : end) - begin + 1);
    return end;
}

std::size_t Salvager::value_end(std::size_t begin, std::size_t limit) {
    std::size_t depth = 0;
    for (std::size_t i = begin; i < limit; ++i) {
        const char c = body_[i];
        if (c == '"') {
            const std::size_t quote = string_end(i);
            if (quote == kNowhere || depth == 0) return i == begin ? quote : kNowhere;
            i = quote - 1;
        } else if (c == '{' || c == '[') {
            if (depth == 0 && i != begin) return kNowhere;
            if (depth < objects_.size()) objects_[depth] = c == '{';
            ++depth;
        } else if (depth == 0) {
            if (is_end_of_scalar(c)) return i == begin ? kNowhere : i;
        } else if (c == '}' || c == ']') {
            --depth;
            if (depth < objects_.size() && objects_[depth] != (c == '}')) return kNowhere;
            if (depth == 0) return i + 1;
        }
    }
    return kNowhere;
}

/// Whether `"key":` stands there, with a value that begins so.
bool Salvager::is_key(std::size_t begin, std::string_view key, char opening) const {
    if (piece(begin + 1, key.size()) != key || at(begin + 1 + key.size()) != '"') {
        return false;
    }
    const std::size_t colon = skip_space(begin + key.size() + 2);
    return at(colon) == ':' && at(skip_space(colon + 1)) == opening;
}

/// Whether an element of a list may begin there.
bool Salvager::follows_separator(std::size_t begin) const {
    std::size_t i = begin;
    while (i > 0 && is_space(body_[i - 1])) --i;
    return i > 0 && (body_[i - 1] == ',' || body_[i - 1] == '[');
}

/// An object whose first members are short texts or numbers, up to "changes".
bool Salvager::looks_like_entry(std::size_t begin) const {
    constexpr std::size_t kShort = 64;
    std::size_t i = skip_space(begin + 1);
    for (int member = 0; member < kEntryMembers; ++member) {
        if (is_key(i, "changes", '[')) return true;
        if (!is_key(i, "id", '"') && !is_key(i, "time", at(skip_space(i + 7)))) return false;
        const std::size_t comma = piece(i, kShort).find(',');
        if (comma == kNowhere) return false;
        i = skip_space(i + comma + 1);
    }
    return false;
}

bool Salvager::looks_like_change(std::size_t begin) {
    const std::size_t first = skip_space(begin + 1);
    if (is_key(first, "field", '"')) {
        const std::size_t value_at = skip_space(skip_space(first + 7) + 1);
        const std::size_t end = string_end(value_at);
        return end != kNowhere && end - value_at < 64 &&
               is_key(skip_space(skip_space(end) + 1), "value", '{');
    }
    if (!is_key(first, "value", '{')) return false;
    const std::size_t object = skip_space(skip_space(first + 7) + 1);
    const std::size_t inner = skip_space(object + 1);
    static constexpr std::array<std::pair<std::string_view, char>, 5> kFirst{{
        {"messaging_product", '"'},
        {"metadata", '{'},
        {"contacts", '['},
        {"messages", '['},
        {"statuses", '['},
    }};
    for (const auto& [key, opening] : kFirst) {
        if (is_key(inner, key, opening)) return true;
    }
    const std::size_t end = value_end(object);
    return end != kNowhere && is_key(skip_space(skip_space(end) + 1), "field", '"');
}

/// An object in a list whose first member is one of Meta's messages or statuses. It saves looking
/// at every object of a large damaged item.
bool Salvager::looks_like_item(std::size_t begin) const {
    static constexpr std::array<std::string_view, 16> kKeys{
        "id",
        "from",
        "from_user_id",
        "from_parent_user_id",
        "timestamp",
        "type",
        "text",
        "context",
        "group_id",
        "referral",
        "status",
        "recipient_id",
        "recipient_user_id",
        "biz_opaque_callback_data",
        "conversation",
        "pricing"
    };
    if (!follows_separator(begin)) return false;
    const std::size_t first = skip_space(begin + 1);
    return std::any_of(kKeys.begin(), kKeys.end(), [&](std::string_view key) {
        const std::size_t quote = first + 1 + key.size();
        return at(first) == '"' && piece(first + 1, key.size()) == key && at(quote) == '"';
    });
}

Verdict Salvager::judge(std::string_view json) {
    if (json.size() > work_left_) {
        work_left_ = 0;
        return {};
    }
    work_left_ -= json.size();
    return judge_(json);
}

}  // namespace tecnochat::whatsapp
