#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tecnochat::whatsapp_connector {

/// The longest id of a message that other services take.
inline constexpr std::size_t kMessageIdBytes = 1024;

/// Meta's message id as it is kept and told: the id itself, or, where others would refuse it (too
/// long, control characters), its beginning, "~" and a hash of all of it. The same id gives the
/// same text every time.
std::string kept_message_id(std::string_view id);

}  // namespace tecnochat::whatsapp_connector
