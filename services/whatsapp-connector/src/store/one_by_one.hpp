#pragma once

#include <cstddef>
#include <functional>

#include "tecnochat/core/result.hpp"

namespace tecnochat::whatsapp_connector {

/// How many of the first items are done with, stored or refused, and why not the others.
struct Stored {
    std::size_t done = 0;
    Status status = ok();
};

/// Stores `count` items by `store(first, count)`, one transaction and idempotent: all at once, or,
/// where the data of one makes that fail, one by one, so that it alone is `refused(item, error)`.
/// An error that is left is nobody's data: the others can be stored later, or the service must
/// stop.
Stored store_all_or_one_by_one(
    std::size_t count,
    const std::function<Status(std::size_t first, std::size_t count)>& store,
    const std::function<void(std::size_t item, const Error& error)>& refused
);

}  // namespace tecnochat::whatsapp_connector
