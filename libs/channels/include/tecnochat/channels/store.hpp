#pragma once

#include <set>
#include <span>
#include <string>

#include "tecnochat/channels/channel.hpp"
#include "tecnochat/channels/directory.hpp"
#include "tecnochat/postgres/transaction.hpp"

/// What a transaction does with table channels. The table is outside row-level security: a
/// transaction of any tenants, or of none, sees all of it. Locks are taken in sorted order; in one
/// transaction call lock_unknown() first, then confirm(), then lock rows of your own.
namespace tecnochat::channels {

/// For Transaction::begin.
inline constexpr std::span<const TenantId> kNoTenants;

/// Error::reason of kAborted: resolve the numbers again, then retry the transaction.
inline constexpr std::string_view kChannelChanged = "CHANNEL_CHANGED";

/// Stores what the connector told; of each number the newest epoch stays. Waits for transactions
/// that confirmed one of them or hold it in lock_unknown(). After the commit call
/// Directory::note().
Status upsert(postgres::Transaction& transaction, std::span<const Channel> channels);

/// That this number is the tenant's, and not disconnected.
struct Claim {
    std::string phone_number_id;
    TenantId tenant;
};

/// In the transaction that stores content, before it. The rows stay locked (FOR SHARE), so whoever
/// disconnects or reassigns one waits for this transaction's end, and once that is committed
/// nothing more is stored. kAborted CHANNEL_CHANGED where one is another tenant's by now,
/// disconnected, gone, or in a state that this version does not know: the directory then asks the
/// table about those.
Status confirm(
    postgres::Transaction& transaction, Directory& directory, std::span<const Claim> claims
);

/// Those of the numbers that are in the table.
Result<std::set<std::string>> known(
    postgres::Transaction& transaction, std::span<const std::string> numbers
);

/// In the transaction that lets messages of unknown numbers wait, before it: the numbers stay
/// unknown until its end, because upsert() waits for it. So whoever stores a number's first event
/// sees every message that waits for it. kAborted CHANNEL_CHANGED where one is known by now.
Status lock_unknown(postgres::Transaction& transaction, std::span<const std::string> numbers);

}  // namespace tecnochat::channels
