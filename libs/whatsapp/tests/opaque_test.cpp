// Goal: what we wrote into biz_opaque_callback_data is recognised when it comes back, and nothing
// else is taken for ours.
#include "tecnochat/whatsapp/opaque.hpp"

#include <catch2/catch.hpp>

using namespace tecnochat;
using namespace tecnochat::whatsapp;

namespace {
const Opaque kExample{MessageId::parse("0192d2f0-7a3b-7c1e-8f00-0123456789ab").value(), 2};
}

TEST_CASE("an opaque value survives the way to Meta and back") {
    const OpaqueCodec codec("ingest key");
    const std::string text = codec.encode(kExample);
    CHECK(text.rfind("x1:0192d2f0-7a3b-7c1e-8f00-0123456789ab:2:", 0) == 0);
    CHECK(text.size() == 50);
    CHECK(codec.decode(text) == kExample);
}

TEST_CASE("strings of other apps are not ours") {
    const OpaqueCodec codec("ingest key");
    const std::string text = codec.encode(kExample);
    CHECK_FALSE(OpaqueCodec("another key").decode(text));
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string changed = text;
        changed[i] = changed[i] == '0' ? '1' : '0';
        INFO(changed);
        CHECK_FALSE(codec.decode(changed));
    }
    for (const std::string& other :
         {std::string(),
          std::string("x1:"),
          std::string("campaign-7"),
          std::string(200, ':'),
          text.substr(0, 49),
          text + "0"}) {
        INFO(other);
        CHECK_FALSE(codec.decode(other));
    }
}
