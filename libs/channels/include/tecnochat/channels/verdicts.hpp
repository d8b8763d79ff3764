#pragma once

#include <span>
#include <string>
#include <vector>

#include "tecnochat/channels/directory.hpp"
#include "tecnochat/pipeline/source.hpp"

namespace tecnochat::channels {

/// Whose items are that name a number (member phone_number_id): `verdict(item, channel)`, with
/// nullptr for a number that nobody knows. An error of one number is the answer: the pipeline then
/// asks for each item alone.
template <class Item, class Decide>
Result<std::vector<pipeline::Verdict>> verdicts_by_number(
    Directory& directory, std::span<const Item> items, Deadline deadline, const Decide& verdict
) {
    std::vector<std::string> numbers;
    numbers.reserve(items.size());
    for (const Item& item : items) numbers.push_back(item.phone_number_id);
    TECNOCHAT_TRY(const auto entries, directory.find(numbers, deadline));
    std::vector<pipeline::Verdict> verdicts;
    verdicts.reserve(items.size());
    for (const Item& item : items) {
        const auto known = entries.find(item.phone_number_id);
        const Channel* channel = nullptr;
        if (known != entries.end()) {
            if (!known->second) return known->second.error();
            channel = &*known->second;
        }
        verdicts.push_back(verdict(item, channel));
    }
    return verdicts;
}

}  // namespace tecnochat::channels
