#pragma once

#include "domain/order.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/kafka/record.hpp"

namespace tecnochat::whatsapp_connector {

/// A record of whatsapp.outbound; the text's tenant is left nil. kInvalidArgument UNPARSABLE where
/// it is no OutboundCommand; a command that names no text or receipt, or one without id, recipient
/// or text, is an InvalidOrder.
Result<Order> parse_order(const kafka::Record& record);

}  // namespace tecnochat::whatsapp_connector
