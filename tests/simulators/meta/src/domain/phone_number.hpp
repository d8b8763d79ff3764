#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tecnochat::meta_simulator {

/// The digits of a phone number written with spaces, dashes, dots or brackets; nullopt when it
/// holds anything else or is not 7 to 15 digits long (E.164).
std::optional<std::string> phone_digits(std::string_view text);

/// The country calling code a number starts with, longest known match; "1" when none is known.
std::string country_code(std::string_view digits);

/// Reads the `to` of a send as Meta does: with `+` as written; without it the business's own
/// country code is put in front, unless the number carries it already. That trap is why senders
/// must always write the `+`.
std::optional<std::string> normalise_recipient(
    std::string_view to, std::string_view business_digits
);

}  // namespace tecnochat::meta_simulator
