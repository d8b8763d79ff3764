#pragma once

#include <string>
#include <string_view>

#include "domain/random.hpp"

namespace tecnochat::meta_simulator {

enum class Direction { kFromCustomer, kFromBusiness };

/// A message id as real ones look: "wamid." and base64 of a small binary record that holds the
/// user's phone number in clear. Whoever treats it as free of personal data is caught by that.
std::string make_wamid(std::string_view customer_digits, Direction direction, const Random& random);

}  // namespace tecnochat::meta_simulator
