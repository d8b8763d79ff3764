#pragma once

#include <span>
#include <string>
#include <vector>

#include "tecnochat/channels/directory.hpp"

namespace tecnochat::whatsapp_connector {

/// What the directory knows of the numbers that these items name (member phone_number_id). An error
/// of one number (a state nobody knows) is the answer: the pipeline then asks for each item alone.
template <class Item>
Result<channels::Entries> entries_of(
    channels::Directory& directory, std::span<const Item> items, Deadline deadline
) {
    std::vector<std::string> numbers;
    numbers.reserve(items.size());
    for (const Item& item : items) numbers.push_back(item.phone_number_id);
    TECNOCHAT_TRY(auto entries, directory.find(numbers, deadline));
    for (const auto& [number, channel] : entries) {
        if (!channel) return channel.error();
    }
    return entries;
}

}  // namespace tecnochat::whatsapp_connector
