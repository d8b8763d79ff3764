#pragma once

#include "tecnochat/core/clock.hpp"

namespace google::protobuf {
class Timestamp;
}

namespace tecnochat::whatsapp_connector {

/// A time as it came, whatever it says: what lies beyond the years 1 to 9999, which Protobuf and
/// PostgreSQL know, becomes their first or last second.
Timestamp to_timestamp(const google::protobuf::Timestamp& time);

}  // namespace tecnochat::whatsapp_connector
