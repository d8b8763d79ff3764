#include "domain/phone_number.hpp"

#include <array>

namespace tecnochat::meta_simulator {
namespace {

// Not the whole world: the codes our tests and demos use, longest first.
constexpr std::array<std::string_view, 22> kCodes = {
    "502", "503", "504", "505", "506", "507", "591", "593", "595", "598", "1",
    "34",  "44",  "49",  "51",  "52",  "54",  "55",  "56",  "57",  "58",  "81",
};

constexpr std::size_t kDigitsMin = 7;
constexpr std::size_t kDigitsMax = 15;

}  // namespace

std::optional<std::string> phone_digits(std::string_view text) {
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c >= '0' && c <= '9') {
            digits += c;
        } else if (c == '+' && i == 0) {
            continue;
        } else if (c != ' ' && c != '-' && c != '.' && c != '(' && c != ')') {
            return std::nullopt;
        }
    }
    if (digits.size() < kDigitsMin || digits.size() > kDigitsMax) return std::nullopt;
    return digits;
}

std::string country_code(std::string_view digits) {
    for (const auto code : kCodes) {
        if (digits.starts_with(code)) return std::string(code);
    }
    return "1";
}

std::optional<std::string> normalise_recipient(
    std::string_view to, std::string_view business_digits
) {
    auto digits = phone_digits(to);
    if (!digits || to.starts_with('+')) return digits;
    const auto code = country_code(business_digits);
    if (digits->starts_with(code)) return digits;
    return code + *digits;
}

}  // namespace tecnochat::meta_simulator
