#pragma once

#include <string>

#include "tecnochat/core/clock.hpp"
#include "tecnochat/redis/client.hpp"
#include "tecnochat/testkit/stack.hpp"

namespace tecnochat::scenarios {

/// The buckets that the connector's replicas share. Thread-safe.
class RateLimit {
 public:
    explicit RateLimit(const testkit::Stack& stack);

    /// Leaves a number's bucket as a burst of another replica would: for about `pause` none of its
    /// sends may go. Throws while Redis is away.
    void spend(const std::string& number, Milliseconds pause);

 private:
    redis::Client redis_;
};

}  // namespace tecnochat::scenarios
