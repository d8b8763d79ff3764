#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/channels.hpp"
#include "tecnochat/core/guarded.hpp"
#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::message_router {

/// Which tenant a number belongs to and whether it is connected: table channels, held in memory.
/// Thread-safe. Another replica may take an event first, so what is not found is looked up in the
/// table, and refresh() is called every few seconds.
class Directory {
 public:
    struct Entry {
        TenantId tenant;
        domain::ChannelState state = domain::ChannelState::kConnected;
    };
    /// Only the numbers that are known.
    using Entries = std::map<std::string, Entry, std::less<>>;

    explicit Directory(postgres::Pool& pool) : pool_(pool) {}

    /// Reads the whole table.
    Status refresh(Deadline deadline);
    /// The entries of these numbers; asks the table only for those not in memory.
    Result<Entries> lookup(std::span<const std::string> phone_number_ids, Deadline deadline);
    [[nodiscard]] std::vector<TenantId> tenants() const;

 private:
    postgres::Pool& pool_;
    Guarded<Entries> entries_;
};

}  // namespace tecnochat::message_router
