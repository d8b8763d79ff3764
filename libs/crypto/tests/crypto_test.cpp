// Goal: the primitives agree with published or independently computed values, and decoders refuse
// what is not canonical. Method: fixed vectors.
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "tecnochat/crypto/encoding.hpp"
#include "tecnochat/crypto/hmac.hpp"

using namespace tecnochat;
using namespace tecnochat::crypto;

TEST_CASE("HMAC-SHA256 agrees with the vectors of Meta's webhook signature") {
    const HmacSha256 hmac("test_app_secret");
    CHECK(
        to_hex(hmac.sign(R"({"object":"whatsapp_business_account","entry":[]})")) ==
        "dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756"
    );
    CHECK(
        to_hex(hmac.sign(R"({"t":"caf\u00e9","u":"https:\/\/x"})")) ==
        "ef2f26fa76e628c7f90d27d88a0e6c51e56fbc0e6b32afe2470eec76fc265817"
    );
    CHECK(
        to_hex(hmac.sign("{\"t\":\"caf\xc3\xa9\",\"u\":\"https://x\"}")) ==
        "c35bb5e771328427f21d9a4de084fccc6b816cb0608c4b4599169ffc00e26953"
    );
}

TEST_CASE("HMAC-SHA256 agrees with RFC 4231 and accepts an empty key") {
    CHECK(
        to_hex(HmacSha256("Jefe").sign("what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    CHECK(
        to_hex(HmacSha256(std::string_view{}).sign({})) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
    );
}

TEST_CASE("one HMAC key signs from several threads at once") {
    const HmacSha256 hmac("key");
    const Sha256 expected = hmac.sign("message");
    std::vector<int> wrong(4, 0);
    {
        std::vector<std::jthread> threads;
        for (int& count : wrong) {
            threads.emplace_back([&hmac, &expected, &count] {
                for (int i = 0; i < 2000; ++i) count += hmac.sign("message") == expected ? 0 : 1;
            });
        }
    }
    CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("a moved HMAC still signs") {
    HmacSha256 first("Jefe");
    const Sha256 expected = first.sign("x");
    const HmacSha256 second = std::move(first);
    CHECK(second.sign("x") == expected);
}

TEST_CASE("SHA-256 agrees with FIPS 180") {
    CHECK(
        to_hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    CHECK(to_hex(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("constant-time comparison compares") {
    CHECK(equal_constant_time("same", "same"));
    CHECK(equal_constant_time({}, ""));
    CHECK_FALSE(equal_constant_time("same", "sama"));
    CHECK_FALSE(equal_constant_time("same", "same "));
}

TEST_CASE("hex reads both cases and refuses the rest") {
    CHECK(from_hex("00fFa0") == std::string("\x00\xff\xa0", 3));
    CHECK(from_hex("") == "");
    CHECK_FALSE(from_hex("0"));
    CHECK_FALSE(from_hex("0g"));
}

TEST_CASE("base64 agrees with RFC 4648") {
    const std::vector<std::pair<std::string, std::string>> vectors = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (const auto& [plain, text] : vectors) {
        CHECK(to_base64(plain) == text);
        CHECK(from_base64(text) == plain);
        const std::string unpadded = text.substr(0, text.find('='));
        CHECK(to_base64url(plain) == unpadded);
        CHECK(from_base64url(unpadded) == plain);
    }
    CHECK(to_base64("\xfb\xff") == "+/8=");
    CHECK(to_base64url("\xfb\xff") == "-_8");
}

TEST_CASE("base64 refuses what is not canonical") {
    for (const char* text : {"Zg", "Zg=", "Zh==", "Z===", "Zg==Zg==", "Zm9 ", "-_8=", "===="}) {
        INFO(text);
        CHECK_FALSE(from_base64(text));
    }
    for (const char* text : {"Zg==", "Zh", "Z", "+/8"}) {
        INFO(text);
        CHECK_FALSE(from_base64url(text));
    }
}

TEST_CASE("random bytes differ and have the length asked for") {
    CHECK(random_bytes(0).empty());
    CHECK(random_bytes(1000).size() == 1000);
    CHECK(random_bytes(16) != random_bytes(16));
}
