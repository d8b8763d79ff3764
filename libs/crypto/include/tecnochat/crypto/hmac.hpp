#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tecnochat::crypto {

using Sha256 = std::array<std::uint8_t, 32>;

/// HMAC-SHA256 under one key, the key schedule done once. Thread-safe (the keyed context is
/// duplicated per call).
class HmacSha256 {
 public:
    explicit HmacSha256(std::string_view key);
    ~HmacSha256();
    HmacSha256(HmacSha256&&) noexcept;
    HmacSha256& operator=(HmacSha256&&) noexcept;
    [[nodiscard]] Sha256 sign(std::string_view message) const;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

Sha256 sha256(std::string_view data);

/// Compares without telling by its time where the difference is; different lengths are unequal.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace tecnochat::crypto
