#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "domain/order.hpp"
#include "store/send_store.hpp"
#include "tecnochat/channels/directory.hpp"
#include "tecnochat/pipeline/effects.hpp"
#include "tecnochat/pipeline/source.hpp"
#include "tecnochat/sealing/sealer.hpp"
#include "use_cases/read_receipts.hpp"
#include "use_cases/wake_sends.hpp"

namespace tecnochat::whatsapp_connector {

/// Takes in what the router orders: texts are stored to be sent, read receipts handed on. One for a
/// person who was erased is stored without content, for the router must hear that it failed.
/// Storing a text again changes nothing, so it needs no inbox. Takes no InvalidOrder
/// (resolve_orders() refuses those).
class StoreOutbound {
 public:
    using Orders = std::span<const pipeline::Incoming<Order>>;
    struct Prepared {
        sealing::Keys keys;
        std::set<std::string> silenced;  // numbers whose texts are stored without content
    };

    /// `sends_stored()` is called after a commit that stored texts.
    StoreOutbound(
        channels::Directory& directory,
        SendStore& sends,
        sealing::Sealer& sealer,
        ReadReceipts& receipts,
        WakeSends sends_stored
    );

    Result<Prepared> prepare(Orders orders, Deadline deadline);
    Result<pipeline::Effects> run(
        postgres::Transaction& transaction, Orders orders, Prepared& prepared
    );

 private:
    /// The texts to store, those of silenced numbers without content.
    static std::vector<NewSend> texts(Orders orders, const Prepared& prepared);

    channels::Directory& directory_;
    SendStore& sends_;
    sealing::Sealer& sealer_;
    ReadReceipts& receipts_;
    WakeSends sends_stored_;
};

/// Whose an order is. Refused: "unknown_number", "invalid". Dropped: read receipts of a number that
/// is not connected.
Result<std::vector<pipeline::Verdict>> resolve_orders(
    channels::Directory& directory, std::span<const Order> orders, Deadline deadline
);

}  // namespace tecnochat::whatsapp_connector
