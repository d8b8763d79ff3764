// Shapes of inbound messages that other people's systems met in real traffic.
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tecnochat/whatsapp/limits.hpp"
#include "webhook_bodies.hpp"

using namespace tecnochat;
using namespace tecnochat::whatsapp;
using namespace tecnochat::whatsapp::testing;

namespace {

std::string message_of(const std::string& members) {
    return R"({"from":"573001112233","id":"wamid.A","timestamp":"1750030073",)" + members + "}";
}

ReplyTap tap_of(const std::string& members, const std::string& other_json = "") {
    // The views live as long as the body: kept for the length of the process.
    static std::vector<std::unique_ptr<Parsed>> all;
    all.push_back(std::make_unique<Parsed>(one_message(message_of(members))));
    const Parsed& parsed = *all.back();
    REQUIRE(parsed->messages.size() == 1);
    CHECK(parsed->messages[0].problem.empty());
    CHECK(parsed->messages[0].other_json == other_json);
    return std::get<ReplyTap>(parsed->messages[0].content);
}

}  // namespace

TEST_CASE("a tap on a template's button is a tap: its text the title, its payload the id") {
    const ReplyTap both = tap_of(R"("type":"button","button":{"text":"Confirmar","payload":"P1"})");
    CHECK(both.kind == ReplyKind::kTemplateButton);
    CHECK(both.title == "Confirmar");
    CHECK(both.id == "P1");
    CHECK(
        tap_of(R"("button":{"text":"\u00bfabren el s\u00e1bado?"},"type":"button")").title ==
        "¿abren el sábado?"
    );
    CHECK(tap_of(R"("type":"button","button":{"payload":"P1"})").id == "P1");
    const std::string odd = R"("button":{"text":"Sí","payload":7})";
    CHECK(tap_of(R"("type":"button",)" + odd, "{" + odd + "}").title == "Sí");
    const std::string nothing = message_of(R"("type":"button","button":{})");
    const Parsed raw(one_message(nothing));
    CHECK(std::get<RawBody>(raw->messages.at(0).content).json == nothing);
    const std::string of_text = R"("button":{"text":"Sí","payload":"P"})";
    const Parsed text(one_message(message_of(R"("type":"text","text":{"body":"x"},)" + of_text)));
    CHECK(text_of(text->messages.at(0)) == "x");
    CHECK(text->messages[0].other_json == "{" + of_text + "}");
}

TEST_CASE("a tap with an id or a title alone is a tap with what there is") {
    const ReplyTap title = tap_of(
        R"("type":"interactive","interactive":{"type":"list_reply","list_reply":{"title":"A"}})"
    );
    CHECK(title.kind == ReplyKind::kList);
    CHECK(title.title == "A");
    CHECK(title.id.empty());
    const ReplyTap id = tap_of(
        R"("type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"b:1"}})"
    );
    CHECK(id.kind == ReplyKind::kButton);
    CHECK(id.id == "b:1");
    CHECK(id.title.empty());
}

TEST_CASE("a group's message names its group") {
    const Parsed parsed(one_message(
        message_of(R"("type":"text","text":{"body":"¿abren?"},"group_id":"Y2FwaV9ncm91cA")")
    ));
    REQUIRE(parsed->messages.size() == 1);
    CHECK(parsed->messages[0].group_id == "Y2FwaV9ncm91cA");
    CHECK(parsed->messages[0].from_phone == "573001112233");
    CHECK(text_of(parsed->messages[0]) == "¿abren?");
    CHECK(parsed->messages[0].other_json.empty());
}

TEST_CASE("a system message comes without contacts, raw") {
    const std::string system = message_of(
        R"("type":"system","system":{"type":"user_changed_number","wa_id":"573009998877"})"
    );
    const Parsed parsed(one_message(system));
    const auto& raw = std::get<RawBody>(parsed->messages.at(0).content);
    CHECK(raw.type == "system");
    CHECK(raw.json == system);
    CHECK(parsed->messages[0].problem.empty());
}

TEST_CASE("message ids may have as many characters as limits.hpp says, no more") {
    for (const std::size_t size : {513, 1024, 1025}) {
        const std::string id(size, 'i');
        const std::string message =
            R"({"from":"57","id":")" + id + R"(","type":"text","text":{"body":"x"}})";
        const Parsed parsed(one_message(message));
        REQUIRE(parsed->messages.size() == 1);
        CHECK(parsed->messages[0].from_phone == "57");
        if (size <= kMessageIdBytesMax) {
            CHECK(parsed->messages[0].message_id == id);
            CHECK(text_of(parsed->messages[0]) == "x");
            CHECK(parsed->messages[0].problem.empty());
        } else {
            CHECK(parsed->messages[0].message_id.empty());
            CHECK(std::get<RawBody>(parsed->messages[0].content).json == message);
            CHECK(parsed->messages[0].problem == problem::kIdTooLong);
        }
    }
}

TEST_CASE("senders and groups have a limit too; ids a message can do without cost nothing") {
    const std::string huge(kPersonIdBytesMax + 1, '5');
    const std::string rest = R"("id":"a","type":"text","text":{"body":"x"}})";
    for (const std::string& message :
         {R"({"from":")" + huge + "\"," + rest,
          R"({"from":"57","from_user_id":")" + huge + "\"," + rest,
          R"({"from":"57","group_id":")" + huge + "\"," + rest}) {
        const Parsed parsed(one_message(message));
        CHECK(parsed->messages.at(0).problem == problem::kIdTooLong);
        CHECK(parsed->messages[0].message_id == "a");
        CHECK(std::get<RawBody>(parsed->messages[0].content).json == message);
    }
    const std::string context =
        R"("context":{"id":")" + std::string(kMessageIdBytesMax + 1, 'q') + "\"}";
    const std::string parent = R"("from_parent_user_id":")" + huge + "\"";
    const Parsed parsed(one_message(R"({"from":"57",)" + joined({context, parent, rest})));
    CHECK(text_of(parsed->messages.at(0)) == "x");
    CHECK(parsed->messages[0].problem.empty());
    CHECK(parsed->messages[0].context_message_id.empty());
    CHECK(parsed->messages[0].other_json == "{" + joined({context, parent}) + "}");
}

TEST_CASE("an ad's referral is a slice of its own, whatever the message's type") {
    const std::string referral =
        R"({ "source_url":"https:\/\/fb.me\/1","source_type":"ad","source_id":"1","headline":)"
        R"("Caf\u00e9 \ud83d", "ctwa_clid":"Aff","welcome_message":{"text":"]}\""}})";
    const Parsed text(one_message(
        message_of(R"("type":"text","referral" : )" + referral + R"( ,"text":{"body":"x"})")
    ));
    CHECK(text_of(text->messages.at(0)) == "x");
    CHECK(text->messages[0].referral_json == referral);
    CHECK(text->messages[0].other_json.empty());

    const std::string image =
        message_of(R"("type":"image","image":{"id":"9"},"referral":)" + referral);
    const Parsed raw(one_message(image));
    CHECK(raw->messages.at(0).referral_json == referral);
    CHECK(std::get<RawBody>(raw->messages[0].content).json == image);

    // What is no object, and a second one, are members like others.
    const Parsed odd(one_message(message_of(
        R"("referral":"ad","type":"text","text":{"body":"x"},"referral":{"a":1},"referral":{})"
    )));
    CHECK(odd->messages.at(0).referral_json == R"({"a":1})");
    CHECK(odd->messages[0].other_json == R"({"referral":"ad","referral":{}})");
}

TEST_CASE("a caption is told beside its image, video or document") {
    for (const std::string type : {"image", "video", "document"}) {
        const std::string media = "\"" + type + R"(":{"id":"9","caption":"\u00bfabren hoy?"})";
        const std::string message = message_of(media + R"(,"type":")" + type + "\"");
        const Parsed parsed(one_message(message));
        const auto& raw = std::get<RawBody>(parsed->messages.at(0).content);
        CHECK(raw.type == type);
        CHECK(raw.caption == "¿abren hoy?");
        CHECK(raw.json == message);
        CHECK(parsed->messages[0].other_json.empty());

        const Parsed text(one_message(message_of(R"("type":"text","text":{"body":"x"},)" + media)));
        CHECK(text_of(text->messages.at(0)) == "x");
        CHECK(text->messages[0].other_json == "{" + media + "}");
    }
    const Parsed other(one_message(
        message_of(R"("type":"image","image":{},"document":{"caption":"of another"},"video":7)")
    ));
    CHECK(std::get<RawBody>(other->messages.at(0).content).caption.empty());
}

TEST_CASE("what would make a record too large is told once") {
    const std::string huge(600'000, 'x');
    const std::string image =
        message_of(R"("type":"image","image":{"caption":")" + huge + R"("},"referral":{"a":1})");
    const Parsed raw(one_message(image));
    CHECK(std::get<RawBody>(raw->messages.at(0).content).json == image);
    CHECK(std::get<RawBody>(raw->messages[0].content).caption.empty());
    const std::string ad =
        message_of(R"("type":"text","text":{"body":"x"},"referral":{"body":")" + huge + "\"}");
    const Parsed text(one_message(ad));
    CHECK(std::get<RawBody>(text->messages.at(0).content).json == ad);
    CHECK(text->messages[0].referral_json.empty());
}
