#include "domain/wamid.hpp"

#include <array>

namespace tecnochat::meta_simulator {
namespace {

std::string base64(std::string_view bytes) {
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t at) -> unsigned {
            return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
        };
        const unsigned group = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
        out += kAlphabet[group >> 18U & 63U];
        out += kAlphabet[group >> 12U & 63U];
        out += i + 1 < bytes.size() ? kAlphabet[group >> 6U & 63U] : '=';
        out += i + 2 < bytes.size() ? kAlphabet[group & 63U] : '=';
    }
    return out;
}

std::string hex_digits(std::size_t count, const Random& random) {
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    out.reserve(count);
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (i % 16 == 0) bits = random();
        out += kHex[bits & 15U];
        bits >>= 4U;
    }
    return out;
}

}  // namespace

std::string make_wamid(
    std::string_view customer_digits, Direction direction, const Random& random
) {
    // The layout seen when decoding the ids of Meta's documentation: 1c 18 <length> <phone>
    // 15 02 00 <11 to the user, 12 from the user> 18 <length> <hex digits> 00.
    const bool outbound = direction == Direction::kFromBusiness;
    const std::string unique = hex_digits(outbound ? 18 : 20, random);
    std::string record = "\x1c\x18";
    record += static_cast<char>(customer_digits.size());
    record += customer_digits;
    record += std::string_view("\x15\x02\x00", 3);
    record += outbound ? '\x11' : '\x12';
    record += '\x18';
    record += static_cast<char>(unique.size());
    record += unique;
    record += '\0';
    return "wamid." + base64(record);
}

}  // namespace tecnochat::meta_simulator
