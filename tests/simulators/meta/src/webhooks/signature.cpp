// What happens to a body's bytes on the way out: Meta's escaping and the signature over the result.

#include <openssl/hmac.h>

#include <array>

#include "tecnochat/core/assert.hpp"
#include "webhooks/payload.hpp"

namespace tecnochat::meta_simulator {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

void append_unit(std::string& out, unsigned unit) {
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4)
        out += kHex[unit >> static_cast<unsigned>(shift) & 15U];
}

void append_code_point(std::string& out, unsigned code_point) {
    if (code_point < 0x10000U) {
        append_unit(out, code_point);
        return;
    }
    const unsigned rest = code_point - 0x10000U;
    append_unit(out, 0xD800U + (rest >> 10U));
    append_unit(out, 0xDC00U + (rest & 0x3FFU));
}

}  // namespace

std::string escaped_unicode(std::string_view json) {
    std::string out;
    out.reserve(json.size() + json.size() / 8);
    std::size_t at = 0;
    while (at < json.size()) {
        const auto lead = static_cast<unsigned char>(json[at]);
        if (lead < 0x80U) {
            if (json[at] == '/') out += '\\';
            out += json[at++];
            continue;
        }
        const std::size_t length = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : lead >= 0xC0U ? 2 : 1;
        if (length == 1 || at + length > json.size()) {
            append_unit(out, 0xFFFDU);  // no UTF-8: what a decoder upstream would have made of it
            ++at;
            continue;
        }
        unsigned code_point = lead & (0xFFU >> (length + 1));
        for (std::size_t i = 1; i < length; ++i) {
            code_point = code_point << 6U | (static_cast<unsigned char>(json[at + i]) & 0x3FU);
        }
        append_code_point(out, code_point);
        at += length;
    }
    return out;
}

std::string signature_header(std::string_view app_secret, std::string_view body) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    const auto* mac = HMAC(
        EVP_sha256(),
        app_secret.data(),
        static_cast<int>(app_secret.size()),
        reinterpret_cast<const unsigned char*>(body.data()),
        body.size(),
        digest.data(),
        &length
    );
    TECNOCHAT_ASSERT(mac != nullptr, "HMAC-SHA256 cannot fail on memory we own");
    std::string header = "sha256=";
    for (unsigned i = 0; i < length; ++i) {
        header += kHex[digest[i] >> 4U];
        header += kHex[digest[i] & 15U];
    }
    return header;
}

}  // namespace tecnochat::meta_simulator
