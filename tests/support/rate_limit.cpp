#include "support/rate_limit.hpp"

#include <array>
#include <stdexcept>

#include "clients/buckets.hpp"

namespace tecnochat::scenarios {
namespace {

using whatsapp_connector::kBucketLua;
using whatsapp_connector::kNumberBucket;
using whatsapp_connector::number_key;

// Kept for longer than the connector keeps a bucket that fills.
const std::string kSpend = std::string(kBucketLua) + R"lua(
leave(KEYS[1], tonumber(ARGV[1]), clock(), 60000)
return 1
)lua";

}  // namespace

RateLimit::RateLimit(const testkit::Stack& stack)
    : redis_(Secret(stack.endpoint("/redis")), 1, Milliseconds(5000)) {}

void RateLimit::spend(const std::string& number, Milliseconds pause) {
    const std::array keys{number_key(number)};
    const double owed = kNumberBucket.per_second * static_cast<double>(pause.count()) / 1000;
    const std::array arguments{std::to_string(-owed)};
    if (!redis_.eval(kSpend, keys, arguments))
        throw std::runtime_error("the rate limit of " + number + " could not be spent");
}

}  // namespace tecnochat::scenarios
