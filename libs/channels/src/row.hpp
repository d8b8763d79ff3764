#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tecnochat/channels/channel.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::channels {

/// A row of table channels; its state may be a word of a newer version.
struct ChannelRow {
    Channel channel;  // channel.state counts only where known_state
    bool known_state = true;

    /// kDataLoss UNKNOWN_WORD where the state is not known.
    [[nodiscard]] Result<Channel> checked() const;
};

Result<std::vector<ChannelRow>> select_all(postgres::Transaction& transaction);
/// Changed within the last `age` by the server's clock.
Result<std::vector<ChannelRow>> select_changed(
    postgres::Transaction& transaction, Milliseconds age
);
Result<std::vector<ChannelRow>> select_some(
    postgres::Transaction& transaction, std::span<const std::string> numbers
);

}  // namespace tecnochat::channels
