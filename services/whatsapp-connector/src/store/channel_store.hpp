#pragma once

#include "tecnochat/channels/channel.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/postgres/transaction.hpp"

namespace tecnochat::whatsapp_connector {

/// What the authority alone does with table channels; channels::Directory reads it. Whether a
/// number may send is decided under the row lock (SendStore::enter_wire). Stateless, thread-safe.
class ChannelStore {
 public:
    /// Inserts or updates the row as connected; the epoch rises when anything changed.
    /// kFailedPrecondition CHANNEL_OF_ANOTHER_TENANT when it is another tenant's. After the commit
    /// call Directory::note().
    Result<channels::Channel> connect(
        postgres::Transaction& transaction, const channels::Channel& wanted
    );
};

}  // namespace tecnochat::whatsapp_connector
