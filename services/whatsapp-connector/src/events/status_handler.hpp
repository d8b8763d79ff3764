#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "events/refusals.hpp"
#include "store/channel_store.hpp"
#include "store/send_store.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/kafka/dead_letters.hpp"
#include "tecnochat/kafka/record.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "tecnochat/whatsapp/opaque.hpp"

namespace tecnochat::whatsapp_connector {

/// Takes in whatsapp.status: a status that echoes one of our send ids settles that send; every
/// status moves its number's watermark. Idempotent, so it needs no inbox. Says nothing on
/// whatsapp.sent: the router reads the same status itself. What cannot be read, names an unknown
/// number or is refused by the database goes to the dead letters.
class StatusHandler {
 public:
    StatusHandler(
        postgres::Pool& pool,
        ChannelStore& channels,
        SendStore& sends,
        kafka::DeadLetters& dead_letters,
        const whatsapp::OpaqueCodec& opaque,
        const Clock& clock,
        std::function<void()> settled
    );

    Status operator()(std::span<const kafka::Record> batch);

 private:
    /// What one status says.
    struct Told {
        Watermark seen;
        std::optional<Echo> echo;  // where it carries a send id of ours
    };
    struct Sorted {
        std::vector<Told> told;
        std::vector<const kafka::Record*> told_records;  // one per status
        std::vector<Refusal> refused;
    };
    /// An error here is not the record's: what is wrong with that is a refusal.
    Status sort_out(const kafka::Record& record, Sorted& sorted);
    /// Adds the changes it made to `changed`.
    Status store(std::span<const Told> told, std::size_t& changed);

    postgres::Pool& pool_;
    ChannelStore& channels_;
    SendStore& sends_;
    kafka::DeadLetters& dead_letters_;
    const whatsapp::OpaqueCodec& opaque_;
    const Clock& clock_;
    std::function<void()> settled_;
};

}  // namespace tecnochat::whatsapp_connector
