#include "webhook_impl.hpp"

namespace tecnochat::whatsapp {

/// What can be read of a body that cannot be read as a whole. False where that is nothing.
bool WebhookParser::Impl::salvage(std::string_view body) {
    const Salvage found =
        Salvager(body, [this](std::string_view slice) { return judge(slice); }).run();
    std::size_t pieces = found.rest.size();
    for (const SalvagedChange& change : found.changes) {
        pieces += 1 + change.items.size() + change.others.size();
    }
    if (!found.useful || pieces > kMaxItems) return false;
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

}  // namespace tecnochat::whatsapp
