#pragma once

#include <string>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {

/// Leaves the number's bucket, which the connector's replicas share, as a burst of another one
/// would: for about `pause` none of its sends may go. Throws while Redis is away.
void spend_rate(const testkit::Stack& stack, const std::string& number, Milliseconds pause);

}  // namespace tecnochat::scenarios
