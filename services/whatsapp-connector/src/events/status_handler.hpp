#pragma once

#include <functional>
#include <span>

#include "store/channel_store.hpp"
#include "store/send_store.hpp"
#include "tecnochat/kafka/dead_letters.hpp"
#include "tecnochat/kafka/record.hpp"
#include "tecnochat/postgres/pool.hpp"
#include "tecnochat/whatsapp/opaque.hpp"

namespace tecnochat::whatsapp_connector {

/// Takes in whatsapp.status: a status that echoes one of our send ids settles that send; every
/// status moves its number's watermark. Idempotent, so it needs no inbox. Says nothing on
/// whatsapp.sent: the router reads the same status itself.
class StatusHandler {
 public:
    StatusHandler(
        postgres::Pool& pool,
        ChannelStore& channels,
        SendStore& sends,
        kafka::DeadLetters& dead_letters,
        const whatsapp::OpaqueCodec& opaque,
        std::function<void()> settled
    );

    Status operator()(std::span<const kafka::Record> batch);

 private:
    struct Sorted {
        std::vector<Echo> echoes;
        std::vector<Watermark> watermarks;  // one per number
    };
    Status sort_out(const kafka::Record& record, Sorted& sorted);

    postgres::Pool& pool_;
    ChannelStore& channels_;
    SendStore& sends_;
    kafka::DeadLetters& dead_letters_;
    const whatsapp::OpaqueCodec& opaque_;
    std::function<void()> settled_;
};

}  // namespace tecnochat::whatsapp_connector
