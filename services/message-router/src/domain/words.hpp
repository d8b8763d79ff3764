#pragma once

#include <string_view>

namespace tecnochat::message_router::domain {

/// Whether a UTF-8 text has a letter or a digit of any script. Without one ("👍", "???", ".",
/// characters that nobody sees) it says nothing that could be answered.
bool has_words(std::string_view utf8) noexcept;

}  // namespace tecnochat::message_router::domain
