#pragma once

#include <string>
#include <string_view>

namespace tecnochat::whatsapp {

/// Unescapes the inside of a JSON string where a strict reader gives up: half a surrogate pair and
/// an unknown escape become U+FFFD. Customers' words must not be lost to a cut emoji.
std::string unescape_leniently(std::string_view escaped);

}  // namespace tecnochat::whatsapp
