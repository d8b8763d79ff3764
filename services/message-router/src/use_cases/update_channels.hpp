#pragma once

#include <functional>
#include <optional>
#include <span>

#include "tecnochat/channels/directory.hpp"
#include "tecnochat/pipeline/effects.hpp"
#include "tecnochat/pipeline/source.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::message_router {

/// Topic channel.events: keeps the directory of numbers. Older epochs change nothing. What waited
/// for a number is settled right after. Thread-safe.
class UpdateChannels {
 public:
    /// nullopt: a tombstone, the number was forgotten long ago.
    using Event = std::optional<channels::Channel>;

    /// `wake` is told after a commit, and must not block.
    UpdateChannels(channels::Directory& directory, std::function<void()> wake)
        : directory_(directory), wake_(std::move(wake)) {}

    static Result<std::vector<pipeline::Verdict>> resolve(std::span<const Event> events, Deadline);
    Result<pipeline::Effects> run(
        postgres::Transaction& transaction, std::span<const pipeline::Incoming<Event>> items
    );

 private:
    channels::Directory& directory_;
    std::function<void()> wake_;
};

}  // namespace tecnochat::message_router
