#include "events/webhook_records.hpp"

#include <catch2/catch.hpp>

#include "tecnochat/whatsapp/v1/events.pb.h"

using namespace tecnochat;
using namespace tecnochat::webhook_ingress;

namespace {

const auto kNow = from_unix_ms(1'750'030'073'123);

std::vector<kafka::OutRecord> records_of(const whatsapp::Webhook& webhook) {
    static const WebhookRecords records{Secret("key")};
    return records.of(webhook, kNow, telemetry::TraceContext::generate());
}

whatsapp::WebhookMessage message(std::string_view user_id, std::string_view phone) {
    whatsapp::WebhookMessage out;
    out.phone_number_id = "106";
    out.message_id = "wamid.A";
    out.from_user_id = user_id;
    out.from_phone = phone;
    out.content = whatsapp::TextBody{.body = "hola"};
    return out;
}

}  // namespace

TEST_CASE("one conversation has one key, which tells nothing") {
    whatsapp::Webhook webhook;
    webhook.messages = {
        message("CO.1", "57300"),
        message("CO.1", ""),
        message("", "57300"),
        message("CO.2", "57300")
    };
    webhook.statuses.resize(1);
    webhook.statuses[0].phone_number_id = "106";
    webhook.statuses[0].recipient_user_id = "CO.1";
    const auto records = records_of(webhook);
    REQUIRE(records.size() == 5);
    CHECK(records[0].key == records[1].key);
    CHECK(records[4].key.empty());  // the order of statuses means nothing
    CHECK(records[0].key != records[2].key);
    CHECK(records[0].key != records[3].key);
    CHECK(records[0].key.size() == 64);
}

TEST_CASE("content of every kind survives") {
    whatsapp::Webhook webhook;
    webhook.messages.assign(3, message("CO.1", ""));
    webhook.messages[1].content = whatsapp::ReplyTap{
        .kind = whatsapp::ReplyKind::kList, .id = "svc:1", .title = "Corte", .description = "30 min"
    };
    webhook.messages[1].other_json = "{\"n\":\"\xff\"}";
    webhook.messages[2].content = whatsapp::RawBody{.type = "image", .json = R"({"a":1})"};
    webhook.messages[2].sent_at = from_unix_ms(1'750'030'073'000);
    const auto records = records_of(webhook);
    whatsapp::v1::InboundMessage text;
    whatsapp::v1::InboundMessage tap;
    whatsapp::v1::InboundMessage raw;
    REQUIRE(text.ParseFromString(records[0].value));
    REQUIRE(tap.ParseFromString(records[1].value));
    REQUIRE(raw.ParseFromString(records[2].value));
    CHECK(text.text().body() == "hola");
    CHECK_FALSE(text.has_sent_at());
    CHECK(text.received_at().seconds() == 1'750'030'073);
    CHECK(text.received_at().nanos() == 123'000'000);
    CHECK(tap.interactive_reply().kind() == whatsapp::v1::INTERACTIVE_REPLY_KIND_LIST);
    CHECK(tap.interactive_reply().id() == "svc:1");
    CHECK(tap.interactive_reply().title() == "Corte");
    CHECK(tap.interactive_reply().description() == "30 min");
    CHECK(tap.other_json() == "{\"n\":\"\xff\"}");
    CHECK(text.other_json().empty());
    CHECK(raw.raw().json() == R"({"a":1})");
    CHECK(raw.sent_at().seconds() == 1'750'030'073);
}

TEST_CASE("statuses map to delivery states, unknown words stay readable") {
    const auto mapped = [](std::string_view word) {
        whatsapp::Webhook webhook;
        webhook.statuses.resize(1);
        webhook.statuses[0].message_id = "m";
        webhook.statuses[0].status = word;
        webhook.statuses[0].errors = {{.code = 131047, .title = "t"}};
        const auto records = records_of(webhook);
        whatsapp::v1::MessageStatus status;
        REQUIRE(status.ParseFromString(records.at(0).value));
        CHECK(status.status_name() == word);
        CHECK(status.errors(0).code() == 131047);
        return status.status();
    };
    CHECK(mapped("sent") == whatsapp::v1::DELIVERY_STATUS_SENT);
    CHECK(mapped("delivered") == whatsapp::v1::DELIVERY_STATUS_DELIVERED);
    CHECK(mapped("read") == whatsapp::v1::DELIVERY_STATUS_READ);
    CHECK(mapped("played") == whatsapp::v1::DELIVERY_STATUS_PLAYED);
    CHECK(mapped("failed") == whatsapp::v1::DELIVERY_STATUS_FAILED);
    CHECK(mapped("deleted") == whatsapp::v1::DELIVERY_STATUS_UNSPECIFIED);
}

TEST_CASE("a change delivered again has the same id, an equal one of another time has not") {
    const auto id = [](std::string_view waba, std::string_view time, std::string_view json) {
        whatsapp::Webhook webhook;
        webhook.changes = {{.waba_id = waba, .entry_time = time, .field = "f", .json = json}};
        const auto records = records_of(webhook);
        for (const auto& [name, value] : records.at(0).headers) {
            if (name == "ce_id") return value;
        }
        return std::string();
    };
    CHECK(id("W", "1", "{}") == id("W", "1", "{}"));
    CHECK(id("W", "1", "{}") != id("W", "2", "{}"));
    CHECK(id("W", "1", "{}") != id("V", "1", "{}"));
    CHECK(id("W", "1", "{}") != id("W", "1", "[]"));
}
