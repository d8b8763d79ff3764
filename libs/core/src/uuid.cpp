#include "tecnochat/core/uuid.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

namespace tecnochat {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_dash_position(std::size_t i) {
    return i == 8 || i == 13 || i == 18 || i == 23;
}

void set_version(std::array<std::uint8_t, 16>& bytes, std::uint8_t version) {
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | (version << 4));
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
}

}  // namespace

Result<Uuid> Uuid::parse(std::string_view text) {
    const auto bad = [] { return make_error(ErrorCode::kInvalidArgument, "not a UUID"); };
    if (text.size() != 36) return bad();
    std::array<std::uint8_t, 16> bytes{};
    std::size_t nibble = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_dash_position(i)) {
            if (text[i] != '-') return bad();
            continue;
        }
        const int value = hex_value(text[i]);
        if (value < 0) return bad();
        auto& byte = bytes[nibble / 2];
        byte = static_cast<std::uint8_t>((byte << 4) | value);
        ++nibble;
    }
    return Uuid(bytes);
}

std::string Uuid::to_string() const {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
        text.push_back(kHex[bytes_[i] >> 4]);
        text.push_back(kHex[bytes_[i] & 0x0f]);
    }
    return text;
}

Uuid Uuid::v5(const Uuid& space, std::string_view name) {
    std::string input(reinterpret_cast<const char*>(space.bytes().data()), space.bytes().size());
    input.append(name);
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    const int digested =
        EVP_Digest(input.data(), input.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
    TECNOCHAT_ASSERT(digested == 1, "SHA-1 is part of every OpenSSL build");
    std::array<std::uint8_t, 16> bytes{};
    std::copy_n(digest.begin(), bytes.size(), bytes.begin());
    set_version(bytes, 5);
    return Uuid(bytes);
}

Uuid Uuid::v7(Timestamp now) {
    std::array<std::uint8_t, 16> bytes{};
    const int filled = RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
    TECNOCHAT_ASSERT(filled == 1, "the operating system's random source must work");
    const auto ms = static_cast<std::uint64_t>(to_unix_ms(now));
    for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(ms >> (8 * (5 - i)));
    set_version(bytes, 7);
    return Uuid(bytes);
}

}  // namespace tecnochat

std::size_t std::hash<tecnochat::Uuid>::operator()(const tecnochat::Uuid& uuid) const noexcept {
    // The low half is random in v7 and a digest in v5: good as a hash as it is.
    std::uint64_t low = 0;
    std::memcpy(&low, uuid.bytes().data() + 8, sizeof(low));
    return static_cast<std::size_t>(low);
}
