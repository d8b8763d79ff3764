// Webhook bodies and their signatures.

#include "webhooks/payload.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "fakes.hpp"

using namespace tecnochat;
using namespace tecnochat::meta_simulator;

namespace {

Customer laura() {
    Customer customer;
    customer.wa_id = "573001112233";
    customer.name = "Laura \"Lala\" Peña";
    return customer;
}

Message message_of(const std::string& wamid) {
    Message message;
    message.wamid = wamid;
    message.at = from_unix_ms(1'795'500'000'999);
    return message;
}

}  // namespace

TEST_CASE("signatures match the published vectors") {
    CHECK(
        signature_header(
            "test_app_secret", R"({"object":"whatsapp_business_account","entry":[]})"
        ) == "sha256=dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756"
    );
    CHECK(
        signature_header("test_app_secret", R"({"t":"caf\u00e9","u":"https:\/\/x"})") ==
        "sha256=ef2f26fa76e628c7f90d27d88a0e6c51e56fbc0e6b32afe2470eec76fc265817"
    );
    CHECK(
        signature_header("test_app_secret", R"({"t":"café","u":"https://x"})") ==
        "sha256=c35bb5e771328427f21d9a4de084fccc6b816cb0608c4b4599169ffc00e26953"
    );
}

TEST_CASE("escaping turns everything beyond ASCII and every slash into what Meta writes") {
    CHECK(
        escaped_unicode(R"({"t":"café","u":"https://x"})") ==
        R"({"t":"caf\u00e9","u":"https:\/\/x"})"
    );
    CHECK(escaped_unicode("\"😀\"") == R"("\ud83d\ude00")");
    CHECK(escaped_unicode("\"\xff\"") == R"("\ufffd")");
}

TEST_CASE("quoting survives a JSON parser") {
    const std::string text = "línea\n\"cita\" \\ \x01 😀";
    CHECK(nlohmann::json::parse(json_quoted(text)).get<std::string>() == text);
    CHECK(nlohmann::json::parse(escaped_unicode(json_quoted(text))).get<std::string>() == text);
}

TEST_CASE("a text message's webhook has Meta's shape") {
    auto number = cafe();
    number.digits = "576015550101";
    const auto body = nlohmann::json::parse(
        webhook_body({message_update(number, laura(), message_of("wamid.1"), R"({"body":"hola"})")})
    );
    CHECK(body["object"] == "whatsapp_business_account");
    CHECK(body["entry"][0]["id"] == "10001");
    const auto& change = body["entry"][0]["changes"][0];
    CHECK(change["field"] == "messages");
    CHECK(change["value"]["metadata"]["phone_number_id"] == "20001");
    CHECK(change["value"]["contacts"][0]["profile"]["name"] == laura().name);
    const auto& message = change["value"]["messages"][0];
    CHECK(message["from"] == "573001112233");
    CHECK(message["timestamp"] == "1795500000");
    CHECK(message["text"]["body"] == "hola");
    CHECK(message["from_user_id"] == change["value"]["contacts"][0]["user_id"]);
}

TEST_CASE("a hidden phone appears nowhere in the webhook") {
    auto customer = laura();
    customer.phone_hidden = true;
    const auto body =
        webhook_body({message_update(cafe(), customer, message_of("wamid.1"), R"({"body":"hola"})")}
        );
    CHECK(body.find("573001112233") == std::string::npos);
    CHECK(body.find("from_user_id") != std::string::npos);
}

TEST_CASE("a status echoes the opaque value unless a fault withholds it") {
    auto message = message_of("wamid.2");
    message.opaque = "send-7";
    const StatusStep sent{StatusKind::kSent, message.at, 0};
    const auto with =
        nlohmann::json::parse(status_update(cafe(), laura(), message, sent, {}).item_json);
    CHECK(with["biz_opaque_callback_data"] == "send-7");
    CHECK(with["status"] == "sent");
    CHECK(with["pricing"]["type"] == "free_customer_service");
    const auto without = nlohmann::json::parse(
        status_update(cafe(), laura(), message, sent, {false, false}).item_json
    );
    CHECK_FALSE(without.contains("biz_opaque_callback_data"));
    CHECK(without["pricing"]["type"] == "regular");

    const StatusStep failed{StatusKind::kFailed, message.at, 131026};
    const auto failure =
        nlohmann::json::parse(status_update(cafe(), laura(), message, failed, {}).item_json);
    CHECK(failure["errors"][0]["code"] == 131026);
    CHECK(failure["errors"][0]["title"] == "Message undeliverable");
}

TEST_CASE("a batch groups neighbours by account, number and field") {
    auto other = cafe();
    other.waba_id = "10002";
    other.phone_number_id = "20002";
    const auto text = [](const Number& number, const std::string& id) {
        return message_update(number, laura(), message_of(id), R"({"body":"x"})");
    };
    const StatusStep sent{StatusKind::kSent, {}, 0};
    const auto body = nlohmann::json::parse(webhook_body({
        text(cafe(), "wamid.1"),
        text(cafe(), "wamid.2"),
        status_update(cafe(), laura(), message_of("wamid.3"), sent, {}),
        text(other, "wamid.4"),
    }));
    REQUIRE(body["entry"].size() == 2);
    REQUIRE(body["entry"][0]["changes"].size() == 2);
    CHECK(body["entry"][0]["changes"][0]["value"]["messages"].size() == 2);
    CHECK(body["entry"][0]["changes"][1]["value"]["statuses"].size() == 1);
    CHECK(body["entry"][1]["changes"][0]["value"]["messages"][0]["id"] == "wamid.4");
}
