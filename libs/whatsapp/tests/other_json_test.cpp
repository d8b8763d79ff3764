// What typed messages and statuses carry beside their fields.
#include <catch2/catch.hpp>
#include <string>

#include "webhook_bodies.hpp"

using namespace tecnochat;
using namespace tecnochat::whatsapp;
using namespace tecnochat::whatsapp::testing;

TEST_CASE("a message that fits its fields has nothing else to carry") {
    for (const std::string& message : {
             std::string(kText),
             std::string(
                 R"({"from":"57","from_user_id":"CO.1","id":"a","timestamp":1,"type":"text",)"
                 R"("context":{"from":"1555","id":"wamid.Q"},"text":{"body":""},)"
                 R"("text":{"body":"x"}})"
             ),
             std::string(R"({"from":"57","id":"a","type":"interactive","interactive":{"type":)"
                         R"("button_reply","button_reply":{"id":"b","title":"Sí"}}})"),
         }) {
        const Parsed parsed(envelope(messages_change(
            R"("contacts":[{"profile":{"name":"Ana"},"wa_id":"57","user_id":"CO.1"}],"messages":[)" +
            message +
            R"(],"statuses":[{"id":"s","status":"failed","timestamp":"1","recipient_id":"57",)"
            R"("recipient_user_id":"CO.1","biz_opaque_callback_data":"x1",)"
            R"("errors":[{"code":1,"title":"t","message":"m","error_data":{}}]}])"
        )));
        REQUIRE(parsed->messages.size() == 1);
        CHECK(parsed->messages[0].other_json.empty());
        REQUIRE(parsed->statuses.size() == 1);
        CHECK(parsed->statuses[0].other_json.empty());
        CHECK(parsed->changes.empty());
    }
}

TEST_CASE("members of a message without a field are carried byte for byte") {
    const std::string identity = R"("identity":{"hash":"Caf\u00e9 \ud83d","text":"]}\""})";
    const std::string unknown = R"("some_day" : [ {"y":[1,2.50,{"]}":"}"}]} ])";
    const std::string parent = R"("from_parent_user_id":7)";
    const std::string odd = R"("n":null)";
    const auto other = [](const std::string& members) {
        const Parsed parsed(one_message("{" + members + "}"));
        REQUIRE(parsed->messages.size() == 1);
        CHECK(text_of(parsed->messages[0]) == "x");
        CHECK(parsed->messages[0].message_id == "a");
        CHECK(parsed->messages[0].from_phone == "57");
        CHECK(parsed->changes.empty());
        return std::string(parsed->messages[0].other_json);
    };
    const std::string id = R"("id":"a")";
    const std::string from = R"("from":"57")";
    const std::string type = R"("type":"text")";
    const std::string text = R"("text":{"body":"x"})";
    const auto line = [](std::initializer_list<std::string> members) {
        return joined(members, " ,\n ");
    };
    CHECK(other(line({id, from, type, text})).empty());
    CHECK(other(line({id, from, type, text, identity})) == "{" + identity + "}");
    CHECK(other(line({identity, id, from, type, text})) == "{" + identity + "}");
    CHECK(
        other(line({unknown, text, identity, type, parent, from, odd, id})) ==
        "{" + unknown + "," + identity + "," + parent + "," + odd + "}"
    );
    // The same key twice: both are there, as they were.
    CHECK(
        other(line({odd, id, from, unknown, type, text, odd, unknown})) ==
        "{" + odd + "," + unknown + "," + odd + "," + unknown + "}"
    );
    CHECK(other(line({id, from, type, text, id, from})).empty());
    // A key in escapes is none we know.
    CHECK(other(line({id, from, type, text, R"("i\u0064":"b")"})) == R"({"i\u0064":"b"})");
}

TEST_CASE("a context that is more than its id is carried whole") {
    const auto other = [](const std::string& context) {
        const Parsed parsed(one_message(
            R"({"id":"a","context":)" + context +
            R"(,"from":"57","type":"text","text":{"body":"x"}})"
        ));
        REQUIRE(parsed->messages.size() == 1);
        return std::pair(
            std::string(parsed->messages[0].context_message_id),
            std::string(parsed->messages[0].other_json)
        );
    };
    using Other = std::pair<std::string, std::string>;
    CHECK(other(R"({"from":"1","id":"q"})") == Other("q", ""));
    CHECK(other("{}") == Other("", ""));
    for (const std::string context : {
             R"({"forwarded":true})",
             R"({ "frequently_forwarded" : true })",
             "7",
             "[{}]",
             R"("q")",
         }) {
        CHECK(other(context) == Other("", R"({"context":)" + context + "}"));
    }
    const std::string product =
        R"({"id":"q","referred_product":{"catalog_id":"c","product_retailer_id":"p"},"from":"1"})";
    CHECK(other(product) == Other("q", R"({"context":)" + product + "}"));
}

TEST_CASE("a member that holds more than its fields is carried whole, and still typed") {
    const Parsed text(one_message(
        R"({"id":"a","from":"57","text":{"body":"x","preview_url":false},"type":"text"})"
    ));
    CHECK(text_of(text->messages.at(0)) == "x");
    CHECK(text->messages[0].other_json == R"({"text":{"body":"x","preview_url":false}})");

    const auto interactive = [](const std::string& inner) {
        const Parsed parsed(one_message(
            R"({"id":"a","from":"57","interactive":)" + inner + R"(,"type":"interactive"})"
        ));
        CHECK(std::get<ReplyTap>(parsed->messages.at(0).content).id == "r");
        return std::string(parsed->messages[0].other_json);
    };
    for (const std::string inner : {
             R"({"type":"list_reply","list_reply":{"id":"r","title":"t","new":{}}})",
             R"({"type":"button_reply","button_reply":{"id":"r","title":7}})",
             R"({"list_reply":{"id":"r"},"type":"list_reply","button_reply":{"id":"s"}})",
             R"({"type":"list_reply","list_reply":{"id":"r"},"new":1})",
         }) {
        CHECK(interactive(inner) == R"({"interactive":)" + inner + "}");
    }
    CHECK(interactive(R"({"list_reply":{"id":"r"},"type":"list_reply"})").empty());
}

TEST_CASE("a message of one type carries the content of another") {
    const std::string text = R"("text":{"body":"x"})";
    const std::string tap =
        R"("interactive":{"type":"button_reply","button_reply":{"id":"b","title":"t"}})";
    const std::string rest = R"({"id":"a","from":"57",)";
    for (const std::string& members : {joined({text, tap}), joined({tap, text})}) {
        const Parsed as_text(one_message(rest + members + R"(,"type":"text"})"));
        CHECK(text_of(as_text->messages.at(0)) == "x");
        CHECK(as_text->messages[0].other_json == "{" + tap + "}");
        const Parsed as_tap(one_message(rest + members + R"(,"type":"interactive"})"));
        CHECK(std::get<ReplyTap>(as_tap->messages.at(0).content).id == "b");
        CHECK(as_tap->messages[0].other_json == "{" + text + "}");
    }
}

TEST_CASE("what a field cannot hold is carried as it was") {
    const Parsed parsed(envelope(messages_change(
        R"("messages":[{"id":"a","from":"57","from_user_id":{"v":2},"timestamp":"soon","type":"text",)"
        R"("text":{"body":"x"}}],"statuses":[{"id":"s","status":"sent","timestamp":[],)"
        R"("recipient_id":null,"errors":"none","biz_opaque_callback_data":7}])"
    )));
    REQUIRE(parsed->messages.size() == 1);
    CHECK(parsed->messages[0].other_json == R"({"from_user_id":{"v":2},"timestamp":"soon"})");
    REQUIRE(parsed->statuses.size() == 1);
    CHECK(
        parsed->statuses[0].other_json ==
        R"({"timestamp":[],"recipient_id":null,"errors":"none","biz_opaque_callback_data":7})"
    );
}

TEST_CASE("a status carries its prices and conversation, errors only typed") {
    const std::string conversation =
        R"("conversation":{"id":"c","expiration_timestamp":"1750030073","origin":{"type":"service"}})";
    const std::string pricing =
        R"("pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"utility"})";
    const std::string group = R"("recipient_type":"group")";
    const Parsed parsed(envelope(messages_change(
        R"("statuses":[{)" + conversation + R"(,"id":"a","status":"sent",)" + pricing + "," +
        group +
        R"(,"errors":[{"code":1,"title":"t","message":"m","error_data":{"details":"d"}}]},)"
        R"({"id":"b","status":"read"},{"status":"delivered",)" +
        pricing + R"(,"id":"c"},{"id":"no status",)" + pricing + "}]"
    )));
    REQUIRE(parsed->statuses.size() == 3);
    CHECK(parsed->statuses[0].other_json == "{" + conversation + "," + pricing + "," + group + "}");
    CHECK(parsed->statuses[0].errors.size() == 1);
    CHECK(parsed->statuses[1].other_json.empty());
    CHECK(parsed->statuses[2].other_json == "{" + pricing + "}");
    REQUIRE(parsed->changes.size() == 1);
    CHECK(parsed->changes[0].json == R"({"id":"no status",)" + pricing + "}");
}

TEST_CASE("a raw message is its own whole; a contact of more than names goes with every item of it"
) {
    const std::string ana =
        R"({"profile":{"name":"Ana","username":"ana.c\u00f3rdoba"},"wa_id":"57", "user_id":"CO.1"})";
    const std::string luz = R"({"user_id":"CO.2","parent_user_id":"CO.ENT.2","profile":{}})";
    const std::string raw = R"({"id":"r","from":"57","type":"image","image":{},"referral":{}})";
    const std::string contacts = "\"contacts\":[" + ana + "," + luz + R"(,{"wa_id":"58"}])";
    const std::string messages =
        R"("messages":[{"id":"a","from":"57","type":"text","text":{"body":"x"},"referral":{}},)" +
        raw + R"(,{"id":"c","from":"58","type":"image"}])";
    const std::string statuses =
        R"("statuses":[{"id":"s","status":"sent","recipient_user_id":"CO.2"}])";
    for (const std::string& members :
         {joined({contacts, messages, statuses}), joined({statuses, messages, contacts})}) {
        const Parsed parsed(envelope(messages_change(members)));
        REQUIRE(parsed->messages.size() == 3);
        CHECK(parsed->messages[0].profile_name == "Ana");
        CHECK(parsed->messages[0].referral_json == "{}");
        CHECK(parsed->messages[0].other_json == R"({"contact":)" + ana + "}");
        CHECK(std::get<RawBody>(parsed->messages[1].content).json == raw);
        CHECK(parsed->messages[1].other_json == R"({"contact":)" + ana + "}");
        CHECK(parsed->messages[2].other_json.empty());
        REQUIRE(parsed->statuses.size() == 1);
        CHECK(parsed->statuses[0].other_json == R"({"contact":)" + luz + "}");
        CHECK(parsed->changes.empty());
    }
}

TEST_CASE("what would be carried too often is carried once") {
    const std::string huge(600'000, 'x');
    // Its text would stand in the record twice.
    const std::string message =
        R"({"id":"a","from":"57","type":"text","text":{"body":")" + huge + R"(","new":1}})";
    const Parsed text(one_message(message));
    CHECK(std::get<RawBody>(text->messages.at(0).content).json == message);
    CHECK(text->messages[0].other_json.empty());

    // A contact stands in the record of each of its items.
    const std::string contact = R"({"wa_id":"573001112233","new":")" + huge + "\"}";
    const Parsed parsed(envelope(
        messages_change("\"contacts\":[" + contact + "],\"messages\":[" + kText + "," + kText + "]")
    ));
    REQUIRE(parsed->messages.size() == 2);
    CHECK(parsed->messages[0].other_json.empty());
    REQUIRE(parsed->changes.size() == 1);
    CHECK(parsed->changes[0].json == contact);
}

TEST_CASE("a whole batch of other members stays in place as it grows") {
    std::string statuses;
    for (int i = 0; i < 2000; ++i) {
        statuses += (i == 0 ? "" : ",") +
                    (R"({"id":"s","status":"sent","pricing":{"n":)" + std::to_string(i) + "}}");
    }
    const Parsed parsed(envelope(messages_change("\"statuses\":[" + statuses + "]")));
    REQUIRE(parsed->statuses.size() == 2000);
    for (std::size_t i = 0; i < 2000; ++i) {
        REQUIRE(parsed->statuses[i].other_json == R"({"pricing":{"n":)" + std::to_string(i) + "}}");
    }
}
