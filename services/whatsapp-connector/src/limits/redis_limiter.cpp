#include "limits/redis_limiter.hpp"

#include <array>

namespace tecnochat::whatsapp_connector {
namespace {

// KEYS: number, pair. ARGV: capacity and rate per second of each. Answers the milliseconds to wait;
// 0 takes one token of both. Redis' own clock is used, so that replicas agree.
const std::string kTakeBoth = R"lua(
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local wait = 0
local levels = {}
for i = 1, 2 do
  local capacity, rate = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local level = redis.call('HMGET', KEYS[i], 'tokens', 'at')
  local tokens = capacity
  if level[1] then
    tokens = math.min(capacity, tonumber(level[1]) + math.max(0, now - tonumber(level[2])) * rate)
  end
  levels[i] = tokens
  if tokens < 1 then
    wait = math.max(wait, math.ceil((1 - tokens) / rate * 1000))
  end
end
if wait == 0 then
  for i = 1, 2 do
    redis.call('HSET', KEYS[i], 'tokens', tostring(levels[i] - 1), 'at', tostring(now))
    redis.call('PEXPIRE', KEYS[i], math.ceil(tonumber(ARGV[2 * i - 1]) / tonumber(ARGV[2 * i]) * 1000))
  end
end
return wait
)lua";

}  // namespace

RedisLimiter::RedisLimiter(redis::Client& redis, const Clock& clock, telemetry::Metrics& metrics)
    : redis_(redis),
      own_(clock),
      without_redis_(metrics.counter(
          "tecnochat_limits_without_redis_total",
          "Rate limit questions answered from this process alone"
      )) {}

Milliseconds RedisLimiter::acquire(const std::string& phone_number_id, const ConversationId& pair) {
    const std::array<std::string, 2> keys{
        "limit:number:" + phone_number_id, "limit:pair:" + pair.to_string()
    };
    const std::array<std::string, 4> arguments{
        std::to_string(kNumberBucket.capacity),
        std::to_string(kNumberBucket.per_second),
        std::to_string(kPairBucket.capacity),
        std::to_string(kPairBucket.per_second)
    };
    const auto wait = redis_.eval(kTakeBoth, keys, arguments);
    if (wait && wait->size() == 1) return Milliseconds(wait->front());
    without_redis_.increment();
    return own_.acquire(phone_number_id, pair);
}

}  // namespace tecnochat::whatsapp_connector
