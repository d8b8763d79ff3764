#pragma once

#include "clients/token_bucket_limiter.hpp"
#include "ports.hpp"
#include "tecnochat/redis/client.hpp"
#include "tecnochat/telemetry/metrics.hpp"

namespace tecnochat::whatsapp_connector {

/// The same buckets, shared by all replicas through Redis. With Redis away this process's own
/// buckets count: nothing stops, only the accuracy changes.
class RedisLimiter final : public RateLimiter {
 public:
    RedisLimiter(redis::Client& redis, const Clock& clock, telemetry::Metrics& metrics);
    Allowance acquire(const std::string& phone_number_id, const ConversationId& pair) override;

 private:
    redis::Client& redis_;
    TokenBucketLimiter own_;
    telemetry::Counter without_redis_;
};

}  // namespace tecnochat::whatsapp_connector
