#include "clients/redis_limiter.hpp"

#include <array>

namespace tecnochat::whatsapp_connector {
namespace {

// KEYS: number, pair. ARGV: capacity and rate per second of each. Answers the milliseconds to wait;
// 0 takes one token of both.
const std::string kTakeBoth = std::string(kBucketLua) + R"lua(
local now = clock()
local wait = 0
local levels = {}
for i = 1, 2 do
  local capacity, rate = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  levels[i] = tokens_in(KEYS[i], capacity, rate, now)
  if levels[i] < 1 then
    wait = math.max(wait, math.ceil((1 - levels[i]) / rate * 1000))
  end
end
if wait == 0 then
  for i = 1, 2 do
    local full_in = math.ceil(tonumber(ARGV[2 * i - 1]) / tonumber(ARGV[2 * i]) * 1000)
    leave(KEYS[i], levels[i] - 1, now, full_in)
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
        number_key(phone_number_id), "limit:pair:" + pair.to_string()
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
