#pragma once

#include "store/channel_store.hpp"
#include "tecnochat/channels/directory.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/outbox/outbox.hpp"
#include "tecnochat/postgres/pool.hpp"

namespace tecnochat::whatsapp_connector {

/// Connects a number for a tenant and tells everybody on channel.events. Thread-safe.
class RegisterChannel {
 public:
    RegisterChannel(
        postgres::Pool& pool,
        ChannelStore& store,
        channels::Directory& directory,
        outbox::Outbox& outbox,
        const Clock& clock
    );

    /// The number as it now stands; state and epoch of `wanted` do not count. kInvalidArgument
    /// where an id or the shown number is empty, else as ChannelStore::connect.
    Result<channels::Channel> run(const channels::Channel& wanted, Deadline deadline);

 private:
    postgres::Pool& pool_;
    ChannelStore& store_;
    channels::Directory& directory_;
    outbox::Outbox& outbox_;
    const Clock& clock_;
};

/// Reads one number. kInvalidArgument where it is empty, kNotFound where nobody knows it.
/// Thread-safe.
class GetChannel {
 public:
    explicit GetChannel(channels::Directory& directory) : directory_(directory) {}

    Result<channels::Channel> run(const std::string& phone_number_id, Deadline deadline);

 private:
    channels::Directory& directory_;
};

}  // namespace tecnochat::whatsapp_connector
