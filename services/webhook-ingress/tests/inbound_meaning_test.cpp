// What the edge makes of messages that are odd, broken or beyond a limit.
#include <map>

#include "edge.hpp"
#include "tecnochat/whatsapp/limits.hpp"
#include "tecnochat/whatsapp/v1/events.pb.h"

using namespace tecnochat;
using namespace tecnochat::webhook_ingress;
using namespace tecnochat::webhook_ingress::testing;
namespace v1 = tecnochat::whatsapp::v1;

namespace {

std::string change_of(const std::string& messages, const std::string& number = "106") {
    return R"({"field":"messages","value":{"messaging_product":"whatsapp","metadata":)"
           R"({"display_phone_number":"1555","phone_number_id":")" +
           number + R"("},"messages":[)" + messages + "]}}";
}

std::string webhook_of(const std::string& messages) {
    return R"({"object":"whatsapp_business_account","entry":[{"id":"W1","changes":[)" +
           change_of(messages) + "]}]}";
}

std::string text_message(const std::string& id) {
    return R"({"from":"573001112233","id":")" + id +
           R"(","timestamp":"1750030073","type":"text","text":{"body":"hola"}})";
}

/// Every message on whatsapp.inbound, by its record's event id.
std::map<std::string, v1::InboundMessage> inbound_by_id(Edge& edge) {
    std::map<std::string, v1::InboundMessage> all;
    for (const kafka::Record& record : edge.inbound()) {
        v1::InboundMessage message;
        REQUIRE(message.ParseFromString(record.value));
        CHECK(all.emplace(std::string(record.event_id()), message).second);
    }
    return all;
}

}  // namespace

TEST_CASE("a message id of 1,024 characters is taken, a longer one is told of") {
    Edge edge;
    const std::string longest(whatsapp::kMessageIdBytesMax, 'i');
    const std::string beyond = text_message(longest + "i");
    CHECK(edge.ask(signed_post(webhook_of(text_message(std::string(513, 'j'))))).status == 200);
    CHECK(edge.ask(signed_post(webhook_of(text_message(longest) + "," + beyond))).status == 200);
    const auto messages = inbound_by_id(edge);
    REQUIRE(messages.size() == 3);
    CHECK(messages.at(std::string(513, 'j')).text().body() == "hola");
    CHECK(messages.at(longest).text().body() == "hola");
    for (const auto& [id, message] : messages) {
        if (!message.message_id().empty()) continue;
        CHECK(id.size() == 64);
        CHECK(message.problem() == "id_too_long");
        CHECK(message.from_phone() == "573001112233");
        CHECK(message.raw().json() == beyond);
    }
}

TEST_CASE("an ad's referral, a group, a template's button and a caption reach the record") {
    Edge edge;
    const std::string referral =
        R"({"source_type":"ad","source_id":"1","ctwa_clid":"Aff","headline":"Caf\u00e9"})";
    const std::string from = R"({"from":"573001112233","id":)";
    CHECK(
        edge
            .ask(signed_post(webhook_of(
                from + R"("ad","type":"text","text":{"body":"x"},"referral": )" + referral + "}," +
                from + R"("group","type":"text","text":{"body":"x"},"group_id":"Y2Fw"},)" + from +
                R"("button","type":"button","button":{"text":"Confirmar","payload":"P1"}},)" +
                from + R"("image","type":"image","image":{"id":"9","caption":"¿abren?"}})"
            )))
            .status == 200
    );
    const auto messages = inbound_by_id(edge);
    REQUIRE(messages.size() == 4);
    CHECK(messages.at("ad").referral_json() == referral);
    CHECK(messages.at("ad").other_json().empty());
    CHECK(messages.at("ad").text().body() == "x");
    CHECK(messages.at("group").group_id() == "Y2Fw");
    const auto& tap = messages.at("button").interactive_reply();
    CHECK(tap.kind() == v1::INTERACTIVE_REPLY_KIND_TEMPLATE_BUTTON);
    CHECK(tap.title() == "Confirmar");
    CHECK(tap.id() == "P1");
    CHECK(messages.at("image").raw().caption() == "¿abren?");
    for (const auto& [id, message] : messages) CHECK(message.problem().empty());
}

TEST_CASE("a message without a sender or an id goes where messages go, raw, with its problem") {
    Edge edge;
    const std::string rest = R"("timestamp":"1750030073","type":"text","text":{"body":"x"}})";
    const std::string parent = R"({"id":"parent","from_parent_user_id":"CO.ENT.1",)" + rest;
    const std::string nobody = R"({"id":"nobody",)" + rest;
    const std::string no_id = R"({"from":"573001112233",)" + rest;
    const std::string body =
        webhook_of(parent + "," + nobody + "," + no_id + "," + text_message("good"));
    CHECK(edge.ask(signed_post(body)).status == 200);
    const auto messages = inbound_by_id(edge);
    REQUIRE(messages.size() == 4);
    CHECK(messages.at("good").problem().empty());
    CHECK(messages.at("parent").problem() == "no_sender");
    CHECK(messages.at("parent").from_parent_user_id() == "CO.ENT.1");
    CHECK(messages.at("parent").raw().json() == parent);
    CHECK(messages.at("parent").raw().type() == "text");
    CHECK(messages.at("nobody").problem() == "no_sender");
    for (const auto& [id, message] : messages) {
        CHECK(message.phone_number_id() == "106");
        if (!message.message_id().empty()) continue;
        CHECK(message.problem() == "no_message_id");
        CHECK(message.from_phone() == "573001112233");
        CHECK(message.raw().json() == no_id);
        CHECK(id.size() == 64);
    }
    CHECK(edge.records(kafka::topics::kWhatsappAccount).empty());

    // Delivered again, each has the id it had.
    CHECK(edge.ask(signed_post(body)).status == 200);
    std::map<std::string, int> times;
    for (const kafka::Record& record : edge.inbound()) ++times[std::string(record.event_id())];
    REQUIRE(times.size() == 4);
    for (const auto& [id, count] : times) CHECK(count == 2);
}

TEST_CASE("a bad byte or a value nested too deeply costs its message only") {
    const std::string bad_byte =
        R"({"from":"57","id":"bad","timestamp":"1","type":"text","text":{"body":"a)"
        "\xED\xA0\xBD\"}}";
    const std::string deep = R"({"from":"57","id":"bad","timestamp":"1","type":"x","x":)" +
                             std::string(3000, '[') + std::string(3000, ']') + "}";
    for (const std::string& bad : {bad_byte, deep}) {
        Edge edge;
        const std::string body =
            R"({"object":"whatsapp_business_account","entry":[{"id":"W1","changes":[)" +
            change_of(bad + "," + text_message("good")) + "," +
            change_of(text_message("of another number"), "107") + "]}]}";
        CHECK(edge.ask(signed_post(body)).status == 200);
        const auto messages = inbound_by_id(edge);
        REQUIRE(messages.size() == 3);
        CHECK(messages.at("good").text().body() == "hola");
        CHECK(messages.at("good").phone_number_id() == "106");
        CHECK(messages.at("of another number").phone_number_id() == "107");
        for (const auto& [id, message] : messages) {
            if (!message.message_id().empty()) continue;
            CHECK(message.problem() == "unreadable");
            CHECK(message.phone_number_id() == "106");
            CHECK(message.waba_id() == "W1");
            CHECK(message.raw().json() == bad);
        }
        CHECK(edge.records(kafka::topics::kWhatsappAccount).empty());
        const std::string metrics = edge.metrics.serialize();
        CHECK(metrics.find("tecnochat_ingress_unreadable_items_total 1") != metrics.npos);
        CHECK(metrics.find("tecnochat_ingress_unparsed_total 0") != metrics.npos);
    }
}
