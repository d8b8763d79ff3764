#include "events/proto_time.hpp"

#include <google/protobuf/timestamp.pb.h>

#include <algorithm>

namespace tecnochat::whatsapp_connector {
namespace {

constexpr std::int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z

}  // namespace

Timestamp to_timestamp(const google::protobuf::Timestamp& time) {
    const auto seconds = std::clamp<std::int64_t>(time.seconds(), kFirstSecond, kLastSecond);
    const auto nanos = std::clamp(time.nanos(), 0, 999'999'999);
    return from_unix_ms(seconds * 1000 + nanos / 1'000'000);
}

}  // namespace tecnochat::whatsapp_connector
