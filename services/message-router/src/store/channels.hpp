#pragma once

#include <span>
#include <string>
#include <vector>

#include "domain/vocabulary.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::message_router::store {

/// A number of a business, as the connector last told.
struct Channel {
    std::string phone_number_id;
    TenantId tenant;
    std::string waba_id;
    std::string display_phone_number;
    domain::ChannelState state = domain::ChannelState::kConnected;
    std::int64_t epoch = 0;
};

/// Table channels, the directory outside row-level security: a transaction of no tenant will do.
namespace channels {

/// For Transaction::begin.
inline constexpr std::span<const TenantId> kNoTenants;

Result<std::vector<Channel>> all(postgres::Transaction& transaction);
Result<std::vector<Channel>> find(
    postgres::Transaction& transaction, std::span<const std::string> phone_number_ids
);
/// Keeps the newer epoch of each. No number may come twice in one call.
Status upsert(postgres::Transaction& transaction, std::span<const Channel> channels);

}  // namespace channels
}  // namespace tecnochat::message_router::store
