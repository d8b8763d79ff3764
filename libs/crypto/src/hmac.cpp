#include "tecnochat/crypto/hmac.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <utility>
#include <vector>

#include "tecnochat/core/assert.hpp"
#include "tecnochat/core/guarded.hpp"

namespace tecnochat::crypto {
namespace {

struct FreeMac {
    void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
};
struct FreeMacContext {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
struct FreeDigest {
    void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMacContext>;

const unsigned char* as_bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// OpenSSL 3 looks an algorithm up by name on every fetch, under a lock; once is enough.
EVP_MAC* hmac_algorithm() {
    static const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    TECNOCHAT_ASSERT(mac, "OpenSSL has no HMAC");
    return mac.get();
}

EVP_MD* sha256_algorithm() {
    static const std::unique_ptr<EVP_MD, FreeDigest> digest(EVP_MD_fetch(nullptr, "SHA256", nullptr)
    );
    TECNOCHAT_ASSERT(digest, "OpenSSL has no SHA-256");
    return digest.get();
}

}  // namespace

struct HmacSha256::Impl {
    MacContext keyed;
    // Duplicating a keyed context costs more than the digest of a webhook; restarting one does not.
    Guarded<std::vector<MacContext>> idle;

    MacContext take() {
        MacContext context = idle.with([](std::vector<MacContext>& contexts) {
            if (contexts.empty()) return MacContext();
            MacContext last = std::move(contexts.back());
            contexts.pop_back();
            return last;
        });
        if (context == nullptr) return MacContext(EVP_MAC_CTX_dup(keyed.get()));
        const int restarted = EVP_MAC_init(context.get(), nullptr, 0, nullptr);
        TECNOCHAT_ASSERT(restarted == 1, "HMAC-SHA256 does not start again");
        return context;
    }

    /// There are never more of them than threads that signed at the same moment.
    void give_back(MacContext context) {
        idle.with([&](std::vector<MacContext>& contexts) { contexts.push_back(std::move(context)); }
        );
    }
};

HmacSha256::HmacSha256(std::string_view key) : impl_(std::make_unique<Impl>()) {
    impl_->keyed.reset(EVP_MAC_CTX_new(hmac_algorithm()));
    TECNOCHAT_ASSERT(impl_->keyed, "out of memory for a MAC context");
    char digest_name[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
        OSSL_PARAM_construct_end(),
    };
    // A null key means "keep the old one" to OpenSSL, so an empty view must still point somewhere.
    if (key.data() == nullptr) key = "";
    const int keyed = EVP_MAC_init(impl_->keyed.get(), as_bytes(key), key.size(), parameters);
    TECNOCHAT_ASSERT(keyed == 1, "HMAC-SHA256 refuses the key");
}

HmacSha256::~HmacSha256() = default;
HmacSha256::HmacSha256(HmacSha256&&) noexcept = default;
HmacSha256& HmacSha256::operator=(HmacSha256&&) noexcept = default;

Sha256 HmacSha256::sign(std::string_view message) const {
    MacContext context = impl_->take();
    TECNOCHAT_ASSERT(context, "out of memory for a MAC context");
    Sha256 mac{};
    std::size_t written = 0;
    const bool done = EVP_MAC_update(context.get(), as_bytes(message), message.size()) == 1 &&
                      EVP_MAC_final(context.get(), mac.data(), &written, mac.size()) == 1;
    TECNOCHAT_ASSERT(done && written == mac.size(), "HMAC-SHA256 failed");
    impl_->give_back(std::move(context));
    return mac;
}

Sha256 sha256(std::string_view data) {
    Sha256 digest{};
    unsigned int written = 0;
    const int done =
        EVP_Digest(data.data(), data.size(), digest.data(), &written, sha256_algorithm(), nullptr);
    TECNOCHAT_ASSERT(done == 1 && written == digest.size(), "SHA-256 failed");
    return digest;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace tecnochat::crypto
