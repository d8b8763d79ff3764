#pragma once

#include <google/protobuf/timestamp.pb.h>

#include "tecnochat/core/clock.hpp"

namespace tecnochat::rpc {

/// Milliseconds, of times before 1970 too: Protobuf's nanos never are negative.
void set_time(google::protobuf::Timestamp& wire, Timestamp time);
/// Whatever a peer says: what lies beyond the years 1 to 9999 becomes their first or last
/// millisecond; parts of a millisecond are dropped.
Timestamp to_time(const google::protobuf::Timestamp& wire);

}  // namespace tecnochat::rpc
