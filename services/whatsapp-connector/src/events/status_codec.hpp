#pragma once

#include "domain/status_report.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/kafka/record.hpp"
#include "tecnochat/whatsapp/opaque.hpp"

namespace tecnochat::whatsapp_connector {

/// A record of whatsapp.status; `opaque` tells our sends from those of others. kInvalidArgument
/// UNPARSABLE where it is no MessageStatus.
Result<StatusReport> parse_status(const whatsapp::OpaqueCodec& opaque, const kafka::Record& record);

}  // namespace tecnochat::whatsapp_connector
