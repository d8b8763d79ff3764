#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tecnochat/core/uuid.hpp"
#include "tecnochat/crypto/hmac.hpp"

namespace tecnochat::whatsapp {

/// What travels in biz_opaque_callback_data and comes back in every status: "x1:<send
/// id>:<attempt>:<mac>". Its echo settles in-doubt sends. The mac (8 hex digits under the ingest
/// key) keeps strings of other apps of the same account from being taken for ours.
struct Opaque {
    MessageId send_id;
    int attempt = 1;
    bool operator==(const Opaque&) const = default;
};

class OpaqueCodec {
 public:
    explicit OpaqueCodec(std::string_view key);
    [[nodiscard]] std::string encode(const Opaque& opaque) const;
    /// nullopt where it is not ours.
    [[nodiscard]] std::optional<Opaque> decode(std::string_view text) const;

 private:
    crypto::HmacSha256 hmac_;
};

}  // namespace tecnochat::whatsapp
