#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tecnochat/core/guarded.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/core/uuid.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::whatsapp_connector {

/// The authority row of a number.
struct Channel {
    std::string phone_number_id;
    TenantId tenant;
    std::string waba_id;
    std::string display_phone_number;
    bool connected = false;
    std::int64_t epoch = 0;
};

/// The channels table, with an in-memory directory in front for questions that may be a moment old
/// (which tenant is this number's?). Whether a number may send is never asked here: that is decided
/// under the row lock (SendStore::enter_wire). Thread-safe.
class ChannelStore {
 public:
    explicit ChannelStore(postgres::Pool& pool) : pool_(pool) {}

    /// Fills the directory from the database.
    Status load();
    /// From the directory, else from the database; nothing for unknown numbers.
    Result<std::optional<Channel>> find(const std::string& phone_number_id);
    [[nodiscard]] std::vector<TenantId> tenants() const;

    /// Inserts or updates the row as connected; the epoch rises when anything changed.
    /// kFailedPrecondition when it is another tenant's. The caller puts the result into the
    /// directory with remember() after its commit.
    Result<Channel> connect(postgres::Transaction& transaction, const Channel& wanted);
    void remember(const Channel& channel);

 private:
    postgres::Pool& pool_;
    Guarded<std::unordered_map<std::string, Channel>> directory_;
};

}  // namespace tecnochat::whatsapp_connector
