#pragma once

#include <functional>
#include <span>
#include <vector>

#include "events/refusals.hpp"
#include "store/channel_store.hpp"
#include "store/send_store.hpp"
#include "tecnochat/kafka/dead_letters.hpp"
#include "tecnochat/kafka/record.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "use_cases/read_receipts.hpp"

namespace tecnochat::whatsapp_connector {

/// Takes in whatsapp.outbound: texts become queued sends, one transaction per batch; read receipts
/// go straight to their workers. What cannot be read, names an unknown number or is refused by the
/// database goes to the dead letters.
class OutboundHandler {
 public:
    OutboundHandler(
        postgres::Pool& pool,
        ChannelStore& channels,
        SendStore& sends,
        ReadReceipts& receipts,
        kafka::DeadLetters& dead_letters,
        std::function<void()> sends_stored
    );

    Status operator()(std::span<const kafka::Record> batch);

 private:
    struct Sorted {
        std::vector<NewSend> sends;
        std::vector<const kafka::Record*> sends_records;  // one per send
        std::vector<ReadReceipts::Receipt> receipts;
        std::vector<Refusal> refused;
    };
    /// An error here is not the record's: what is wrong with that is a refusal.
    Status sort_out(const kafka::Record& record, Sorted& sorted);
    Status store(std::span<const NewSend> sends);

    postgres::Pool& pool_;
    ChannelStore& channels_;
    SendStore& sends_;
    ReadReceipts& receipts_;
    kafka::DeadLetters& dead_letters_;
    std::function<void()> sends_stored_;
};

}  // namespace tecnochat::whatsapp_connector
