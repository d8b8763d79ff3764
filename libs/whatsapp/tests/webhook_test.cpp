#include <catch2/catch.hpp>
#include <string>

#include "webhook_bodies.hpp"

using namespace tecnochat;
using namespace tecnochat::whatsapp;
using namespace tecnochat::whatsapp::testing;

TEST_CASE("a text message comes out typed, with its metadata and its contact's names") {
    const Parsed parsed(envelope(messages_change(
        R"("contacts":[{"profile":{"name":"Ana"},"wa_id":"573001112233","user_id":"CO.99"}],)"
        R"("messages":[)" +
        std::string(kText) + "]"
    )));
    REQUIRE(parsed->messages.size() == 1);
    const WebhookMessage& message = parsed->messages[0];
    CHECK(message.waba_id == "WABA1");
    CHECK(message.phone_number_id == "106540352242922");
    CHECK(message.display_phone_number == "15550783881");
    CHECK(message.message_id == "wamid.A");
    CHECK(message.from_phone == "573001112233");
    CHECK(message.from_user_id == "CO.99");
    CHECK(message.profile_name == "Ana");
    CHECK(message.sent_at == from_unix_ms(1'750'030'073'000));
    CHECK(text_of(message) == "hola");
    CHECK(parsed->statuses.empty());
    CHECK(parsed->changes.empty());
}

TEST_CASE("the order of keys does not matter at any level") {
    const Parsed parsed(
        R"({"entry":[{"changes":[{"value":{"messages":[{"text":{"body":"x"},"type":"text",)"
        R"("timestamp":"1","id":"wamid.B","from":"57300"}],"contacts":[{"wa_id":"57300",)"
        R"("profile":{"name":"Luz"}}],"statuses":[{"status":"sent","id":"wamid.C"}],)"
        R"("metadata":{"phone_number_id":"7"}},"field":"messages"}],"id":"W"}],)"
        R"("object":"whatsapp_business_account"})"
    );
    REQUIRE(parsed->messages.size() == 1);
    CHECK(parsed->messages[0].phone_number_id == "7");
    CHECK(parsed->messages[0].waba_id == "W");
    CHECK(parsed->messages[0].profile_name == "Luz");
    CHECK(text_of(parsed->messages[0]) == "x");
    REQUIRE(parsed->statuses.size() == 1);
    CHECK(parsed->statuses[0].phone_number_id == "7");
    CHECK(parsed->statuses[0].waba_id == "W");
    CHECK(parsed->changes.empty());
}

TEST_CASE("every entry, change and item of a batch comes out, in order") {
    std::string entries;
    for (int e = 0; e < 5; ++e) {
        std::string changes;
        for (int c = 0; c < 4; ++c) {
            std::string messages;
            for (int m = 0; m < 50; ++m) {
                const auto id =
                    joined({std::to_string(e), std::to_string(c), std::to_string(m)}, ".");
                messages += joined(
                    {m == 0 ? "" : ",",
                     R"({"id":"wamid.)",
                     id,
                     R"(","from":"57)",
                     std::to_string(m),
                     R"(","type":"text","text":{"body":")",
                     id,
                     "\"}}"},
                    ""
                );
            }
            changes +=
                (c == 0 ? "" : ",") +
                messages_change(
                    R"("contacts":[{"wa_id":"577","profile":{"name":"seven"}}],"messages":[)" +
                    messages + R"(],"statuses":[{"id":"s","status":"read"}])"
                );
        }
        entries += (e == 0 ? "" : ",") +
                   (R"({"id":"W)" + std::to_string(e) + R"(","changes":[)" + changes + "]}");
    }
    const Parsed parsed(R"({"object":"whatsapp_business_account","entry":[)" + entries + "]}");
    REQUIRE(parsed->messages.size() == 1000);
    CHECK(parsed->statuses.size() == 20);
    CHECK(parsed->changes.empty());
    CHECK(text_of(parsed->messages[0]) == "0.0.0");
    CHECK(text_of(parsed->messages[999]) == "4.3.49");
    CHECK(parsed->messages[999].waba_id == "W4");
    CHECK(parsed->messages[7].profile_name == "seven");
    CHECK(parsed->messages[8].profile_name.empty());
}

TEST_CASE("taps on buttons and list rows come out typed, other interactives raw") {
    const auto interactive = [](const std::string& inner) {
        return R"({"id":"wamid.I","from":"57","type":"interactive","context":{"from":"1","id":"wamid.Q"},)"
               R"("interactive":)" +
               inner + "}";
    };
    const Parsed button(one_message(
        interactive(R"({"type":"button_reply","button_reply":{"id":"cal:yes","title":"Sí"}})")
    ));
    const auto& tap = std::get<ReplyTap>(button->messages.at(0).content);
    CHECK(tap.kind == ReplyKind::kButton);
    CHECK(tap.id == "cal:yes");
    CHECK(tap.title == "Sí");
    CHECK(button->messages[0].context_message_id == "wamid.Q");

    const Parsed list(one_message(interactive(
        R"({"list_reply":{"description":"d","title":"Corte","id":"svc:1"},"type":"list_reply"})"
    )));
    const auto& row = std::get<ReplyTap>(list->messages.at(0).content);
    CHECK(row.kind == ReplyKind::kList);
    CHECK(row.id == "svc:1");
    CHECK(row.title == "Corte");
    CHECK(row.description == "d");
    CHECK(list->messages[0].other_json.empty());

    for (const char* inner :
         {R"({"type":"nfm_reply","nfm_reply":{"name":"flow","response_json":"{}"}})",
          R"({"type":"call_permission_reply"})",
          R"({"type":"button_reply"})",
          "{}",
          "7"}) {
        const std::string message = interactive(inner);
        const Parsed other(one_message(message));
        const auto& raw = std::get<RawBody>(other->messages.at(0).content);
        CHECK(raw.type == "interactive");
        CHECK(raw.json == message);
    }
}

TEST_CASE("every other type keeps its own bytes") {
    for (const std::string message : {
             R"({"id":"a","from":"57","type":"image","image":{"id":"9","caption":"Caf\u00e9"}})",
             R"({ "id" : "a", "from":"57" , "type":"reaction","reaction":{"message_id":"m"} })",
             R"({"id":"a","from":"57","type":"system","system":{"body":"b","type":"user_changed_number"}})",
             R"({"id":"a","from":"57","type":"unsupported","errors":[{"code":131051}]})",
             R"({"id":"a","from":"57","type":"something new","x":[{"y":[1,2,{"]}":"}]"}]}]})",
             R"({"id":"a","from":"57"})",
             R"({"id":"a","from":"57","type":"text"})",
             R"({"id":"a","from":"57","type":"text","text":{"body":7}})",
         }) {
        const Parsed parsed(one_message(" \n" + message + "\t "));
        REQUIRE(parsed->messages.size() == 1);
        CHECK(std::get<RawBody>(parsed->messages[0].content).json == message);
        CHECK(parsed->changes.empty());
    }
}

TEST_CASE("escaped and raw text are the same text; a cut surrogate costs one character only") {
    const auto text = [](const std::string& body) {
        const Parsed parsed(
            one_message(R"({"id":"a","from":"57","type":"text","text":{"body":")" + body + "\"}}")
        );
        REQUIRE(parsed->messages.size() == 1);
        return std::string(text_of(parsed->messages[0]));
    };
    CHECK(text(R"(caf\u00e9 https:\/\/x \u003C\u0025\u0040)") == "café https://x <%@");
    CHECK(text("café") == "café");
    CHECK(text(R"(\ud83d\ude00)") == "\xF0\x9F\x98\x80");
    CHECK(text(R"(a\"b\\c\n\t)") == "a\"b\\c\n\t");
    CHECK(text(R"(hola \ud83d)") == "hola \xEF\xBF\xBD");
    CHECK(text(R"(\ude00 \"hola\u00e9\n)") == "\xEF\xBF\xBD \"hola\xC3\xA9\n");
    CHECK(text(R"(\ud83dx\q)") == "\xEF\xBF\xBDx\xEF\xBF\xBD");
}

TEST_CASE("people known only by their user id") {
    const Parsed parsed(envelope(messages_change(
        R"("messages":[{"id":"a","from_user_id":"CO.1","type":"text","text":{"body":"x"}}],)"
        R"("contacts":[{"user_id":"CO.1","profile":{"name":"N","username":"u"}}],)"
        R"("statuses":[{"id":"b","status":"read","recipient_user_id":"CO.1"}])"
    )));
    REQUIRE(parsed->messages.size() == 1);
    CHECK(parsed->messages[0].from_phone.empty());
    CHECK(parsed->messages[0].from_user_id == "CO.1");
    CHECK(parsed->messages[0].profile_name == "N");
    CHECK(parsed->statuses.at(0).recipient_user_id == "CO.1");
}

TEST_CASE("a status comes out with its opaque data, errors and user id") {
    const Parsed parsed(envelope(messages_change(
        R"("statuses":[{"id":"wamid.S","status":"failed","timestamp":"1750030073",)"
        R"("recipient_id":"573001112233","biz_opaque_callback_data":"x1:abc:1:ffff",)"
        R"("errors":[{"code":131047,"title":"Re-engagement message","message":"m",)"
        R"("error_data":{"details":"d"}},{"code":"131026"},7]},{"id":"wamid.T","status":"novel"}],)"
        R"("contacts":[{"wa_id":"573001112233","user_id":"CO.5"}])"
    )));
    REQUIRE(parsed->statuses.size() == 2);
    const WebhookStatus& status = parsed->statuses[0];
    CHECK(status.message_id == "wamid.S");
    CHECK(status.status == "failed");
    CHECK(status.occurred_at == from_unix_ms(1'750'030'073'000));
    CHECK(status.recipient_phone == "573001112233");
    CHECK(status.recipient_user_id == "CO.5");
    CHECK(status.opaque == "x1:abc:1:ffff");
    REQUIRE(status.errors.size() == 3);
    CHECK(status.errors[0].code == 131047);
    CHECK(status.errors[0].title == "Re-engagement message");
    CHECK(status.errors[1].code == 131026);
    CHECK(status.errors[2].code == 0);
    CHECK(parsed->statuses[1].status == "novel");
}

TEST_CASE("other fields and errors of a value are kept as slices") {
    const std::string update =
        R"({"field":"account_update","value":{"event":"PARTNER_REMOVED","waba_info":{"waba_id":"1"}}})";
    const Parsed parsed(envelope(
        update + "," + messages_change(R"("errors":[{"code":130429}])") + "," +
        messages_change("\"messages\":[" + std::string(kText) + R"(],"errors":[{"code":1}])")
    ));
    REQUIRE(parsed->changes.size() == 3);
    CHECK(parsed->changes[0].field == "account_update");
    CHECK(parsed->changes[0].json == update);
    CHECK(parsed->changes[0].waba_id == "WABA1");
    CHECK(parsed->changes[0].entry_time == "1739321024");
    CHECK(parsed->changes[1].json == R"([{"code":130429}])");
    CHECK(parsed->changes[1].field == "messages");
    CHECK(parsed->changes[2].json == R"([{"code":1}])");
    CHECK(parsed->messages.size() == 1);
}

TEST_CASE("one malformed item costs itself only") {
    using Malformed = std::pair<std::string, std::string_view>;
    for (const auto& [bad, why] : {
             Malformed("7", problem::kUnreadable),
             Malformed("null", problem::kUnreadable),
             Malformed("\"text\"", problem::kUnreadable),
             Malformed("[1,2]", problem::kUnreadable),
             Malformed("{}", problem::kNoMessageId),
             Malformed(R"({"id":"only"})", problem::kNoSender),
             Malformed(R"({"id":"x","from_parent_user_id":"CO.ENT.1"})", problem::kNoSender),
             Malformed(R"({"from":"57"})", problem::kNoMessageId),
             Malformed(
                 R"({"id":5,"from":"57","type":"text","text":{"body":"x"}})", problem::kNoMessageId
             ),
             Malformed(R"({"id":"","from":"57"})", problem::kNoMessageId),
         }) {
        const Parsed parsed(one_message(std::string(kText) + "," + bad + " ," + kText));
        CHECK(parsed->changes.empty());
        REQUIRE(parsed->messages.size() == 3);
        const WebhookMessage& raw = parsed->messages[1];
        CHECK(raw.problem == why);
        CHECK(std::get<RawBody>(raw.content).json == bad);
        CHECK(raw.phone_number_id == "106540352242922");
        CHECK(raw.waba_id == "WABA1");
        for (const std::size_t whole : {0, 2}) {
            CHECK(parsed->messages[whole].problem.empty());
            CHECK(text_of(parsed->messages[whole]) == "hola");
        }
    }
    const Parsed statuses(
        envelope(messages_change(R"("statuses":[{"id":"a"},{"id":"a","status":"sent"}])"))
    );
    CHECK(statuses->statuses.size() == 1);
    CHECK(statuses->changes.at(0).json == R"({"id":"a"})");
}

TEST_CASE("malformed containers are kept whole") {
    const auto only_change = [](const std::string& body) {
        const Parsed parsed(body);
        CHECK(parsed->messages.empty());
        CHECK(parsed->statuses.empty());
        REQUIRE(parsed->changes.size() == 1);
        return std::pair(
            std::string(parsed->changes[0].field), std::string(parsed->changes[0].json)
        );
    };
    using Change = std::pair<std::string, std::string>;
    CHECK(only_change(envelope("7")) == Change("change", "7"));
    CHECK(only_change(envelope("{}")) == Change("", "{}"));
    CHECK(
        only_change(envelope(R"({"field":"messages"})")) ==
        Change("messages", R"({"field":"messages"})")
    );
    CHECK(only_change(envelope(R"({"field":"messages","value":[]})")).first == "messages");
    CHECK(only_change(envelope(R"({"field":"messages","value":{}})")).first == "messages");
    CHECK(
        only_change(envelope(messages_change(R"("messages":{"a":1})"))) ==
        Change("messages", R"({"a":1})")
    );
    CHECK(only_change(R"({"entry":[{"id":"1"}]})") == Change("entry", R"({"id":"1"})"));
    CHECK(only_change(R"({"entry":[null]})") == Change("entry", "null"));
}

TEST_CASE("missing metadata, odd numbers and unknown members are tolerated") {
    const Parsed parsed(
        R"({"entry":[{"id":123,"new":[{}],"changes":[{"field":"messages","value":{"big":123456789012345678901234567890,)"
        R"("messages":[{"id":"a","from":573001,"timestamp":1750030073,"type":"text","text":{"body":"x"},"z":1e400},)"
        R"({"id":"b","from":"57","timestamp":"soon","type":"text","text":{"body":"y"}},)"
        R"({"id":"c","from":"57","timestamp":"99999999999999999","type":"text","text":{"body":"z"}}]}}]}]})"
    );
    REQUIRE(parsed->messages.size() == 3);
    CHECK(parsed->messages[0].waba_id == "123");
    CHECK(parsed->messages[0].phone_number_id.empty());
    CHECK(parsed->messages[0].from_phone == "573001");
    CHECK(parsed->messages[0].sent_at == from_unix_ms(1'750'030'073'000));
    CHECK_FALSE(parsed->messages[1].sent_at.has_value());
    CHECK_FALSE(parsed->messages[2].sent_at.has_value());
}

TEST_CASE("a value with a member nobody knows is kept whole, beside the items that are known") {
    const std::string change = messages_change(
        R"("messages":[)" + std::string(kText) + R"(],"reactions":[{"id":"wamid.N"}])"
    );
    const Parsed parsed(envelope(change));
    CHECK(parsed->messages.size() == 1);
    REQUIRE(parsed->changes.size() == 1);
    CHECK(parsed->changes[0].field == "messages");
    CHECK(parsed->changes[0].json == change);
}

TEST_CASE("what is no webhook is kept whole under one name") {
    const std::string deep = std::string(5000, '[');
    for (const std::string& body : {
             std::string(),
             std::string("hello"),
             std::string("{"),
             std::string("[]"),
             std::string("7"),
             std::string(R"({"t":"caf\u00e9"})"),
             std::string(R"({"entry":{}})"),
             std::string(R"({"object":"page","entry":[]})"),
             std::string("{\"entry\":[}"),
             one_message(kText).substr(0, 200),
             std::string("\xff\xfe"),
             deep,
             R"({"entry":[)" + deep,
         }) {
        const Parsed parsed(body);
        CHECK(parsed->messages.empty());
        CHECK(parsed->statuses.empty());
        REQUIRE(parsed->changes.size() == 1);
        CHECK(parsed->changes[0].field == kUnparsedField);
        CHECK(parsed->changes[0].json == body);
    }
}

TEST_CASE("damage behind an escape or a number nobody can represent costs its item only") {
    for (const std::string item : {
             R"({"e":"\q","id":"a":1,"from":"57","type":"x"})",
             R"({"id":"\q","from":"57" "type":"x"})",
             R"({"id":"\q","from":"57",7})",
             R"({"n":1.5e,"status":"sent" "id"})",
         }) {
        const Parsed message(one_message(joined({item, kText})));
        REQUIRE(message->messages.size() == 2);
        CHECK(message->messages[0].problem == problem::kUnreadable);
        CHECK(std::get<RawBody>(message->messages[0].content).json == item);
        CHECK(text_of(message->messages[1]) == "hola");
        CHECK(message->changes.empty());
        const Parsed status(envelope(messages_change("\"statuses\":[" + item + "]")));
        CHECK(status->changes.at(0).json == item);
        CHECK(status->unreadable == 1);
        const std::string contact = envelope(messages_change("\"contacts\":[" + item + "]"));
        const std::string around = R"({"entry":[)" + item + "]}";
        for (const std::string& body : {contact, envelope(item), around}) {
            const Parsed parsed(body);
            CHECK(parsed->messages.empty());
            CHECK(parsed->statuses.empty());
            REQUIRE(parsed->changes.size() == 1);
            CHECK(parsed->changes[0].json == body);
        }
    }
}

TEST_CASE("an empty webhook has nothing to keep") {
    const Parsed parsed(R"({"object":"whatsapp_business_account","entry":[]})");
    CHECK(parsed->messages.empty());
    CHECK(parsed->changes.empty());
}

TEST_CASE("far more items than Meta sends are not taken apart") {
    std::string items = "0";
    for (int i = 0; i < 20'000; ++i) items += ",0";
    const Parsed parsed(one_message(items));
    REQUIRE(parsed->changes.size() == 1);
    CHECK(parsed->changes[0].field == kUnparsedField);
}

TEST_CASE("a parser forgets the body before") {
    WebhookParser parser;
    std::string first = one_message(kText);
    first.append(kWebhookPadding, '\0');
    CHECK(
        parser.parse(std::string_view(first).substr(0, first.size() - kWebhookPadding))
            .messages.size() == 1
    );
    std::string second = "nonsense";
    second.append(kWebhookPadding, '\0');
    const Webhook& webhook = parser.parse(std::string_view(second).substr(0, 8));
    CHECK(webhook.messages.empty());
    CHECK(webhook.changes.size() == 1);
}
