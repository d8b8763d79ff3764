// Goal: whatever Meta gives as a message id, what is kept of it is one that others take, and the
// same every time.
#include "domain/message_id.hpp"

#include <catch2/catch.hpp>

#include "domain/send_protocol.hpp"

namespace tecnochat::whatsapp_connector {

TEST_CASE("an ordinary id is kept as it is, up to the limit") {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, kMessageIdBytes - 1, kMessageIdBytes}) {
        const std::string id(size, 'A');
        CHECK(kept_message_id(id) == id);
    }
}

TEST_CASE("an id that is too long is cut with a mark that tells such ids apart") {
    const std::string common(kMessageIdBytes, 'A');
    const auto first = kept_message_id(common + "1");
    CHECK(first.size() == kMessageIdBytes);
    CHECK(first.starts_with("AAAA"));
    CHECK(first.find('~') != std::string::npos);
    CHECK(first == kept_message_id(common + "1"));
    CHECK(first != kept_message_id(common + "2"));
    CHECK(kept_message_id(std::string(100'000, 'A')).size() == kMessageIdBytes);
}

TEST_CASE("a cut falls between characters, and control characters are cut off") {
    // The last place before the mark of 37 bytes lies in the middle of a character.
    const std::string common(kMessageIdBytes - 38, 'A');
    std::string id = common;
    for (int i = 0; i < 20; ++i) id += "\xC3\xB1";
    CHECK(kept_message_id(id).substr(0, common.size() + 1) == common + "~");
    for (const char odd : {'\0', '\n', '\x1f', '\x7f'}) {
        const auto kept = kept_message_id(std::string("wamid") + odd + "rest");
        CHECK(kept.starts_with("wamid~"));
        CHECK(kept.find(odd) == std::string::npos);
    }
}

TEST_CASE("an acceptance with an odd id is an acceptance") {
    const auto after = after_answer(Accepted{std::string(kMessageIdBytes + 100, 'A')}, 1);
    CHECK(after.state == SendState::kAccepted);
    CHECK(after.wamid == kept_message_id(std::string(kMessageIdBytes + 100, 'A')));
}

TEST_CASE("what must wait for longer than a text's window stays open fails at once") {
    for (const int code : {131049, 133016}) {
        const auto after = after_answer(Refused{code, 0}, 1);
        CHECK(after.state == SendState::kFailed);
        CHECK(after.error_code == code);
    }
}

}  // namespace tecnochat::whatsapp_connector
