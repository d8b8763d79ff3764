#pragma once

#include "domain/echo.hpp"
#include "tecnochat/core/clock.hpp"
#include "tecnochat/core/result.hpp"
#include "tecnochat/kafka/record.hpp"

namespace tecnochat::echo_service {

/// A record of echo.requests; kInvalidArgument where it is none.
Result<Echo> parse_echo(const kafka::Record& record);
/// The same words for echo.replies. Said twice, it has the same event id.
kafka::OutRecord reply_record(const Echo& echo, Timestamp now);

}  // namespace tecnochat::echo_service
