#include "support/rate_limit.hpp"

#include <array>
#include <stdexcept>

namespace tecnochat::scenarios {
namespace {

/// Meta's messages per second and number, which the connector's bucket holds it to.
constexpr std::int64_t kRate = 80;

// As the connector's limiter writes it: tokens left, and when that was. Below 0 they are owed.
const std::string kSpend = R"lua(
local t = redis.call('TIME')
redis.call('HSET', KEYS[1], 'tokens', ARGV[1], 'at', t[1] .. '.' .. string.format('%06d', t[2]))
redis.call('PEXPIRE', KEYS[1], 60000)
return 1
)lua";

}  // namespace

RateLimit::RateLimit(const testkit::Stack& stack)
    : redis_(Secret(stack.endpoint("/redis")), 1, Milliseconds(5000)) {}

void RateLimit::spend(const std::string& number, Milliseconds pause) {
    const std::array keys{"limit:number:" + number};
    const std::array arguments{std::to_string(-kRate * pause.count() / 1000)};
    if (!redis_.eval(kSpend, keys, arguments))
        throw std::runtime_error("the rate limit of " + number + " could not be spent");
}

}  // namespace tecnochat::scenarios
