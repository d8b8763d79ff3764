#pragma once

#include <functional>
#include <vector>

#include "domain/send_rotation.hpp"
#include "tecnochat/core/clock.hpp"

namespace tecnochat::whatsapp_connector {

/// A number with something to send, at once or after a pause.
struct ReadyNumber {
    SendNumber number;
    Milliseconds in{0};
};
/// Tells the dispatcher of them. Cheap, from any thread.
using WakeSends = std::function<void(const std::vector<ReadyNumber>&)>;

/// The numbers of what was stored or settled; one may come more than once.
template <class Items>
std::vector<ReadyNumber> numbers_of(const Items& items) {
    std::vector<ReadyNumber> numbers;
    for (const auto& item : items) {
        SendNumber number{item.tenant, item.phone_number_id};
        if (numbers.empty() || numbers.back().number != number)
            numbers.push_back({std::move(number)});
    }
    return numbers;
}

}  // namespace tecnochat::whatsapp_connector
