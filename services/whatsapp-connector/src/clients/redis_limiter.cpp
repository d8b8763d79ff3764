#include "clients/redis_limiter.hpp"

#include <array>

namespace tecnochat::whatsapp_connector {
namespace {

// KEYS: number, pair. ARGV: capacity and rate per second of each. Answers the milliseconds that
// each has to wait; two zeros take one token of both.
const std::string kTakeBoth = std::string(kBucketLua) + R"lua(
local now = clock()
local waits = {0, 0}
local levels = {}
for i = 1, 2 do
  local capacity, rate = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  levels[i] = tokens_in(KEYS[i], capacity, rate, now)
  if levels[i] < 1 then
    waits[i] = math.ceil((1 - levels[i]) / rate * 1000)
  end
end
if waits[1] == 0 and waits[2] == 0 then
  for i = 1, 2 do
    local full_in = math.ceil(tonumber(ARGV[2 * i - 1]) / tonumber(ARGV[2 * i]) * 1000)
    leave(KEYS[i], levels[i] - 1, now, full_in)
  end
end
return waits
)lua";

}  // namespace

RedisLimiter::RedisLimiter(redis::Client& redis, const Clock& clock, telemetry::Metrics& metrics)
    : redis_(redis),
      own_(clock),
      without_redis_(metrics.counter(
          "tecnochat_limits_without_redis_total",
          "Rate limit questions answered from this process alone"
      )) {}

Allowance RedisLimiter::acquire(const std::string& phone_number_id, const ConversationId& pair) {
    const std::array<std::string, 2> keys{
        number_key(phone_number_id), "limit:pair:" + pair.to_string()
    };
    const std::array<std::string, 4> arguments{
        std::to_string(kNumberBucket.capacity),
        std::to_string(kNumberBucket.per_second),
        std::to_string(kPairBucket.capacity),
        std::to_string(kPairBucket.per_second)
    };
    const auto waits = redis_.eval(kTakeBoth, keys, arguments);
    if (waits && waits->size() == 2)
        return allowance(Milliseconds(waits->front()), Milliseconds(waits->back()));
    without_redis_.increment();
    return own_.acquire(phone_number_id, pair);
}

}  // namespace tecnochat::whatsapp_connector
