#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "ports.hpp"

namespace tecnochat::whatsapp_connector {

/// A little below Meta's limits, so that clocks and buckets that differ a little meet no 130429: 80
/// messages/s per number; per pair 1 message per 6 s, with bursts of 45 borrowed from later.
struct Bucket {
    double capacity;
    double per_second;
};
inline constexpr Bucket kNumberBucket{72, 76};
inline constexpr Bucket kPairBucket{44, 1.0 / 6.1};

/// What the times of both buckets make of a send.
inline Allowance allowance(Milliseconds number, Milliseconds pair) {
    return {std::max(number, pair), number > Milliseconds(0)};
}

/// Where a number's bucket lies in Redis.
inline std::string number_key(const std::string& phone_number_id) {
    return "limit:number:" + phone_number_id;
}

/// How a bucket lies there: the tokens left (below 0 they are owed), and when that was by Redis'
/// own clock, so that replicas agree. Stands before every script that touches one; crash tests
/// spend a number's rate with it.
inline constexpr std::string_view kBucketLua = R"lua(
local function clock()
  local t = redis.call('TIME')
  return tonumber(t[1]) + tonumber(t[2]) / 1000000
end
local function tokens_in(key, capacity, rate, now)
  local level = redis.call('HMGET', key, 'tokens', 'at')
  if not level[1] then return capacity end
  return math.min(capacity, tonumber(level[1]) + math.max(0, now - tonumber(level[2])) * rate)
end
local function leave(key, tokens, now, milliseconds)
  redis.call('HSET', key, 'tokens', tostring(tokens), 'at', tostring(now))
  redis.call('PEXPIRE', key, milliseconds)
end
)lua";

}  // namespace tecnochat::whatsapp_connector
