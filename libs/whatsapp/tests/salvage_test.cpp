// Bodies that are damaged: what can be read of them is read, and belongs to whom it belonged.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "webhook_bodies.hpp"

using namespace tecnochat;
using namespace tecnochat::whatsapp;
using namespace tecnochat::whatsapp::testing;

namespace {

const std::string kBadByte = "\xED\xA0\xBD";

std::string text_message(const std::string& id, const std::string& body) {
    return R"({"from":"573001112233","id":")" + id +
           R"(","timestamp":"1750030073","type":"text","text":{"body":")" + body + "\"}}";
}

std::string nested(int depth) {
    std::string deep;
    for (int i = 0; i < depth; ++i) deep += i % 2 == 0 ? "[" : "{\"a\":";
    deep += "1";
    for (int i = depth - 1; i >= 0; --i) deep += i % 2 == 0 ? "]" : "}";
    return deep;
}

const WebhookMessage* find(const Webhook& webhook, std::string_view id) {
    const WebhookMessage* found = nullptr;
    for (const WebhookMessage& message : webhook.messages) {
        if (message.message_id != id) continue;
        CHECK(found == nullptr);
        found = &message;
    }
    return found;
}

}  // namespace

TEST_CASE("a bad byte or a value nested too deeply costs its message only") {
    const std::string good = text_message("good", "¿abren el sábado?");
    for (const std::string& bad : {
             text_message("bad", "hola " + kBadByte),
             R"({"from":"57","id":"bad","timestamp":"1","type":"x","x":)" + nested(3000) + "}",
             R"({"from":"57","id":"bad","timestamp":"1","type":"x","x":)" + std::string(3000, '[') +
                 std::string(3000, ']') + "}",
             std::string(R"({"from":"57","id":"bad","timestamp":"1","type":tru})"),
             std::string(R"({"from":"57","id":"bad" "timestamp":"1","type":"x"})"),
             std::string("{\"from\":\"57\",\"id\":\"bad\x01\"}"),
         }) {
        for (const std::string& messages : {joined({bad, good}), joined({good, bad})}) {
            const Parsed parsed(envelope(messages_change(
                R"("contacts":[{"profile":{"name":"Ana"},"wa_id":"573001112233"}],"messages":[)" +
                messages + "]"
            )));
            REQUIRE(parsed->messages.size() == 2);
            CHECK(parsed->unreadable == 1);
            CHECK(parsed->changes.empty());
            const WebhookMessage* whole = find(*parsed, "good");
            REQUIRE(whole != nullptr);
            CHECK(text_of(*whole) == "¿abren el sábado?");
            CHECK(whole->profile_name == "Ana");
            CHECK(whole->waba_id == "WABA1");
            CHECK(whole->problem.empty());
            const WebhookMessage* raw = find(*parsed, "");
            REQUIRE(raw != nullptr);
            CHECK(raw->problem == problem::kUnreadable);
            CHECK(std::get<RawBody>(raw->content).json == bad);
            for (const WebhookMessage& message : parsed->messages) {
                CHECK(message.phone_number_id == "106540352242922");
            }
        }
    }
}

TEST_CASE("a quote or bracket too many or too few costs its message only") {
    const std::string first = text_message("first", "x");
    const std::string last = text_message("last", R"(\"},{\"id\":\"forged\",\"type\":\"x\"})");
    for (const std::string& bad : {
             text_message("bad", "ho\"la"),
             text_message("bad", "hola").substr(1),
             text_message("bad", "hola") + "}",
             text_message("bad", "hola") + "\"",
             text_message("bad", "hola\\"),
             std::string(R"({"from":"57"},"id":"bad","timestamp":"1","type":"x"})"),
             std::string(R"({"from":"57"],"id":"bad","timestamp":"1","type":"x"})"),
             std::string(R"(]"from":"57","id":"bad","timestamp":"1","type":"x"})"),
             std::string(R"({"from":"57","id":"bad","timestamp":"1","type":"x","x":[{{]})"),
         }) {
        const Parsed parsed(one_message(joined({first, bad, last})));
        INFO(bad);
        for (const std::string_view id : {"first", "last"}) {
            const WebhookMessage* message = find(*parsed, id);
            REQUIRE(message != nullptr);
            CHECK(message->phone_number_id == "106540352242922");
            CHECK(message->problem.empty());
        }
        CHECK(find(*parsed, "forged") == nullptr);
    }
}

TEST_CASE("damage in one change leaves the others as they are") {
    const std::string update = R"({"value":{"event":"X"},"field":"account_update"})";
    const std::string good = R"({"value":{"metadata":{"phone_number_id":"2"},"messages":[)" +
                             text_message("second", "x") + R"(]},"field":"messages"})";
    const std::string bad = R"({"value":{"metadata":{"phone_number_id":"1"},"messages":[)" +
                            text_message("first", "x") + "," + text_message("bad", "a\"b") +
                            R"(]},"field":"messages"})";
    for (const std::string& changes : {joined({bad, update, good}), joined({update, good, bad})}) {
        const Parsed parsed(envelope(changes));
        REQUIRE(find(*parsed, "first") != nullptr);
        CHECK(find(*parsed, "first")->phone_number_id == "1");
        REQUIRE(find(*parsed, "second") != nullptr);
        CHECK(find(*parsed, "second")->phone_number_id == "2");
        REQUIRE(parsed->changes.size() == 1);
        CHECK(parsed->changes[0].field == "account_update");
        CHECK(parsed->changes[0].json == update);
        CHECK(parsed->changes[0].entry_time == "1739321024");
    }
}

TEST_CASE("whose messages are is told by one metadata that can be read, or by none") {
    const auto number_of = [](const std::string& head) {
        const Parsed parsed(envelope(
            R"({"field":"messages","value":{)" + head + R"("messages":[)" + text_message("a", "x") +
            "," + text_message("bad", kBadByte) + "]}}"
        ));
        REQUIRE(find(*parsed, "a") != nullptr);
        return std::string(find(*parsed, "a")->phone_number_id);
    };
    CHECK(number_of(R"("metadata":{"phone_number_id":"1"},)") == "1");
    CHECK(number_of("").empty());
    CHECK(number_of(R"("metadata":{"phone_number_id":"1)" + kBadByte + "\"},").empty());
    CHECK(number_of(R"("metadata":{"phone_number_id":"1"},"metadata":{"phone_number_id":"2"},)")
              .empty());
}

TEST_CASE("messages of another field's change stay a change") {
    const std::string history = R"({"value":{"metadata":{"phone_number_id":"1"},"messages":[)" +
                                text_message("old", kBadByte) + "," + text_message("older", "x") +
                                R"(]},"field":"history"})";
    const std::string good = messages_change("\"messages\":[" + std::string(kText) + "]");
    const Parsed parsed(envelope(joined({history, good})));
    REQUIRE(parsed->messages.size() == 1);
    CHECK(parsed->messages[0].message_id == "wamid.A");
    REQUIRE(parsed->changes.size() == 1);
    CHECK(parsed->changes[0].field == "history");
    CHECK(parsed->changes[0].json == history);
}

TEST_CASE("what stands around the items of a damaged body is kept") {
    const Parsed behind(one_message(kText) + "}");
    CHECK(behind->messages.size() == 1);
    REQUIRE(behind->changes.size() == 1);
    CHECK(behind->changes[0].field == kUnparsedField);
    CHECK(behind->changes[0].json == "}");

    const std::string contact = R"({"wa_id":"57)" + kBadByte + "\"}";
    const std::string errors = R"("errors":[{"code":1}])";
    const Parsed beside(envelope(messages_change(
        "\"contacts\":[" + contact + "],\"messages\":[" + std::string(kText) + "]," + errors
    )));
    CHECK(beside->messages.size() == 1);
    CHECK(beside->unreadable == 0);
    REQUIRE(beside->changes.size() == 2);
    CHECK(beside->changes[0].json == contact);
    CHECK(beside->changes[1].json == errors);
}

namespace {

/// A body of several numbers, and where its items stand.
class BuiltBody {
 public:
    struct Item {
        std::string id;
        std::string number;
        std::string waba;
        std::size_t begin = 0;
        std::size_t end = 0;
        bool damaged = false;
    };

    explicit BuiltBody(std::mt19937& random)
        : text(R"({"object":"whatsapp_business_account","entry":[)"), random_(random) {
        const auto entries = upto(2) + 1;
        for (std::size_t e = 0; e < entries; ++e) {
            if (e != 0) text += ",";
            const std::string waba = "W" + std::to_string(upto(1000));
            text += R"({"id":")" + waba + R"(","time":1739321024,"changes":[)";
            const auto changes = upto(2) + 1;
            for (std::size_t c = 0; c < changes; ++c) {
                if (c != 0) text += ",";
                add_change(waba);
            }
            text += "]}";
        }
        text += "]}";
    }

    std::size_t upto(std::size_t count) { return random_() % count; }

    std::string text;
    std::vector<Item> items;
    std::vector<std::pair<std::size_t, std::size_t>> metadata;

 private:
    void add_change(const std::string& waba) {
        const std::string number = std::to_string(1'000'000 + random_() % 1'000'000'000);
        const bool field_first = upto(2) == 0;
        text += field_first ? R"({"field":"messages","value":{)" : R"({"value":{)";
        text += R"("messaging_product":"whatsapp",)";
        const std::size_t begin = text.size();
        text += R"("metadata":{"display_phone_number":"1555","phone_number_id":")" + number + "\"}";
        metadata.emplace_back(begin, text.size());
        if (upto(2) == 0) {
            text += R"(,"contacts":[{"profile":{"name":"Ana {\"id\""},"wa_id":"573001112233"}])";
        }
        const auto messages = upto(5);
        const auto statuses = messages == 0 ? 1 + upto(3) : upto(3);
        if (messages != 0) add_list(R"(,"messages":[)", messages, number, waba, true);
        if (statuses != 0) add_list(R"(,"statuses":[)", statuses, number, waba, false);
        text += field_first ? "}}" : R"(},"field":"messages"})";
    }

    void add_list(
        const char* head,
        std::size_t count,
        const std::string& number,
        const std::string& waba,
        bool of_messages
    ) {
        text += head;
        for (std::size_t i = 0; i < count; ++i) {
            if (i != 0) text += upto(4) == 0 ? " ,\n " : ",";
            Item item{
                .id = "wamid." + std::to_string(random_()) + std::to_string(random_()),
                .number = number,
                .waba = waba
            };
            item.begin = text.size();
            text += of_messages ? message(item.id) : status(item.id);
            item.end = text.size();
            items.push_back(item);
        }
        text += "]";
    }

    std::string message(const std::string& id) {
        const std::string head =
            R"({"from":"573001112233","id":")" + id + R"(","timestamp":"1750030073","type":)";
        switch (upto(4)) {
            case 0:
                return head +
                       R"("text","text":{"body":"a\\\"},{\"id\":\"f\",\"type\":\"text\"}]"}})";
            case 1:
                return head + R"("contacts","contacts":[{"name":{}},{"type":"x","id":1}]})";
            case 2:
                return R"({"context":{"from":"1","id":"wamid.Q"},)" + head.substr(1) +
                       R"("interactive","interactive":{"type":"list_reply","list_reply":{"id":"a"}}})";
            default:
                return head + R"("text","text":{"body":"¿abren? \ud83d\ude00"}})";
        }
    }

    std::string status(const std::string& id) {
        return R"({"id":")" + id + R"(","status":"delivered","timestamp":"1750030073",)" +
               R"("recipient_id":"573001112233","pricing":{"billable":true}})";
    }

    std::mt19937& random_;
};

/// Puts a few bytes over, into or out of `text` somewhere in [begin, end).
std::ptrdiff_t damage(std::string& text, std::size_t begin, std::size_t end, BuiltBody& body) {
    static const std::string structure = R"(""{}[],:\)";
    const std::size_t at = begin + body.upto(end - begin);
    const std::size_t count = std::min(1 + body.upto(6), end - at);
    std::string bytes;
    if (body.upto(8) == 0) {
        bytes = kBadByte;
    } else if (body.upto(200) == 0) {
        bytes = std::string(3000, '[');
    } else {
        for (std::size_t i = 0; i < count; ++i) {
            bytes += body.upto(2) == 0 ? structure[body.upto(structure.size())]
                                       : static_cast<char>(body.upto(256));
        }
    }
    switch (body.upto(3)) {
        case 0:
            text.replace(at, count, bytes);
            return static_cast<std::ptrdiff_t>(bytes.size()) - static_cast<std::ptrdiff_t>(count);
        case 1:
            text.insert(at, bytes);
            return static_cast<std::ptrdiff_t>(bytes.size());
        default:
            text.erase(at, count);
            return -static_cast<std::ptrdiff_t>(count);
    }
}

struct Seen {
    int times = 0;
    std::string_view number;
    std::string_view waba;
};

std::map<std::string_view, Seen> seen_in(const Webhook& webhook) {
    std::map<std::string_view, Seen> all;
    const auto add = [&all](const auto& item) {
        Seen& seen = all[item.message_id];
        ++seen.times;
        seen.number = item.phone_number_id;
        seen.waba = item.waba_id;
    };
    for (const WebhookMessage& message : webhook.messages) add(message);
    for (const WebhookStatus& status : webhook.statuses) add(status);
    return all;
}

}  // namespace

TEST_CASE("whatever is damaged inside of items, every other item comes out once, with its number") {
    for (std::uint32_t seed = 0; seed < 30'000; ++seed) {
        std::mt19937 random(seed);
        BuiltBody body(random);
        std::string text = body.text;
        const std::size_t wounds = std::min(1 + body.upto(3), body.items.size());
        std::ptrdiff_t shift = 0;
        for (std::size_t i = 0; i < body.items.size(); ++i) {
            BuiltBody::Item& item = body.items[i];
            if (body.upto(body.items.size()) >= wounds) continue;
            item.damaged = true;
            shift += damage(
                text,
                item.begin + static_cast<std::size_t>(shift),
                item.end + static_cast<std::size_t>(shift),
                body
            );
        }
        const Parsed parsed(text);
        const auto seen = seen_in(*parsed);
        for (const BuiltBody::Item& item : body.items) {
            if (item.damaged) continue;
            const auto found = seen.find(item.id);
            const bool right = found != seen.end() && found->second.times == 1 &&
                               found->second.number == item.number &&
                               found->second.waba == item.waba;
            if (right) continue;
            INFO("seed " << seed << ", item " << item.id << ", body " << text);
            REQUIRE(right);
        }
    }
}

TEST_CASE("whatever is damaged anywhere, no item comes out twice or with another's number") {
    for (std::uint32_t seed = 0; seed < 20'000; ++seed) {
        std::mt19937 random(seed);
        BuiltBody body(random);
        std::string text = body.text;
        const std::size_t wounds = 1 + body.upto(3);
        for (std::size_t i = 0; i < wounds && !text.empty(); ++i) {
            damage(text, 0, text.size(), body);
        }
        if (body.upto(10) == 0) text.resize(body.upto(text.size() + 1));
        const Parsed parsed(text);
        const auto seen = seen_in(*parsed);
        for (const BuiltBody::Item& item : body.items) {
            const auto found = seen.find(item.id);
            if (found == seen.end()) continue;
            const std::string_view number = found->second.number;
            // Its own metadata, damaged or not, or none.
            const bool others =
                std::any_of(body.items.begin(), body.items.end(), [&](const auto& other) {
                    return other.number != item.number && other.number == number;
                });
            if (found->second.times == 1 && !others) continue;
            INFO("seed " << seed << ", item " << item.id << ", body " << text);
            REQUIRE_FALSE(others);
            REQUIRE(found->second.times == 1);
        }
    }
}
