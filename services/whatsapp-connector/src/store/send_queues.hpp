#pragma once

#include <span>
#include <vector>

#include "domain/send.hpp"
#include "domain/send_rotation.hpp"
#include "tecnochat/postgres/transaction.hpp"

/// Which numbers may have sends that are not settled: what claims and maintenance go by, so that
/// none of them names all tenants. The caller owns the transaction.
namespace tecnochat::whatsapp_connector::send_queues {

/// The numbers of these sends are active from the commit on. Queued.
void touch(postgres::Transaction& transaction, std::span<const NewSend> sends);

/// The active numbers of all tenants; the transaction needs none.
Result<std::vector<SendNumber>> active(postgres::Transaction& transaction);

/// Those of these numbers that have a send whose time has come, whether or not an earlier one of
/// its conversation stands before it. The transaction must be open for their tenants.
Result<std::vector<SendNumber>> with_due(
    postgres::Transaction& transaction, std::span<const SendNumber> numbers
);

/// Numbers that nothing touched for ten minutes and that have no open sends are not active any
/// more. The transaction must be open for the tenants of active().
Status mark_idle(postgres::Transaction& transaction);

}  // namespace tecnochat::whatsapp_connector::send_queues
